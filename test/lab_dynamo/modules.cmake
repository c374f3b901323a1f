set(modules lab/dynamo adapters/system)
