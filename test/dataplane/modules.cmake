set(modules dataplane adapters/system)
