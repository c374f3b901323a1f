set(modules adapters/recording)
