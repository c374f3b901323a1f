set(modules lab/shop lab/route53 adapters/system)
