set(modules adapters/sqlite adapters/net)
