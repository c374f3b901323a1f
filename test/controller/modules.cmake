set(modules controller lab/dynamo lab/faults)
