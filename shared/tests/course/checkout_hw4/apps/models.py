raise ImportError("the checkout's own models was imported")
