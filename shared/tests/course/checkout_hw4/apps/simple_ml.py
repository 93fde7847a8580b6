raise ImportError("the checkout's own simple_ml was imported")
