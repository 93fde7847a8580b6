raise ImportError("the checkout's own mlp_resnet was imported")
