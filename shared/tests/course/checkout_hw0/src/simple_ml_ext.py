raise ImportError("the checkout's own simple_ml_ext was imported")
