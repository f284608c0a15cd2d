"""What the benchmark of reading is made of: its data, the servers it compares, and the clients that ask them."""
