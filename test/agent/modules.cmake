set(modules agent)
