set(modules lab/route53 adapters/system)
