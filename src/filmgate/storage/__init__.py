"""Where objects are kept, and the signed URLs by which clients reach them."""
