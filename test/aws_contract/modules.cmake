set(modules adapters/aws adapters/system)
