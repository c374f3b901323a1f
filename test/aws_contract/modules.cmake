set(modules adapters/aws adapters/system lab/dynamo lab/route53)
