# The program drives farshored, which it starts from its own folder.
set(modules wire http1 sigv4 adapters/net adapters/system lab/dynamo lab/faults)
set(programs farshored)
