raise ImportError("the checkout's own needle was imported")
