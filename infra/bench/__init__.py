"""How fast it is: `annal bench` measures it beside the floor, the least a program must do to serve the same purpose."""
