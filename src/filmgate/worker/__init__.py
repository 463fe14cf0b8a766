"""The worker: claims jobs while it has a free slot, keeps them alive, and sees to what nobody asked for."""
