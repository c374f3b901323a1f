set(modules wire runtime)
