"""Endpoints of the services as rows: what botocore's rule sets say for each Region, with what repeats itself taken together."""

import itertools
import re

import botocore.endpoint_provider


def partitions(document):
    """(id, suffix, dual-stack suffix, the beginnings of its Regions' names) of each partition."""
    found = []
    for one in document["partitions"]:
        beginning = re.match(r"\^(.*)\\-\\w\+\\-\\d\+\$$", one["regionRegex"])[1].replace("\\", "")
        choice = re.match(r"(.*)\((.*)\)$", beginning)
        names = [choice[1] + word for word in choice[2].split("|")] if choice else [beginning]
        out = one["outputs"]
        found.append((one["id"], out["dnsSuffix"], out["dualStackDnsSuffix"], [name + "-" for name in names]))
    return found


def resolved(provider, parameters, region, variant):
    """(host, signing Region) in this Region; the variant is (FIPS, dual stack)."""
    said = {"Region": region, "UseFIPS": variant[0], "UseDualStack": variant[1]}
    found = provider.resolve_endpoint(**{name: value for name, value in said.items() if name in parameters})
    schemes = found.properties.get("authSchemes") or [{}]
    return found.url.removeprefix("https://"), schemes[0].get("signingRegion", region)


def with_blanks(said, region, partition):
    """The same with the Region's name left blank, and whether the host has the dual-stack suffix, which is left away."""
    host, signing = said
    dual = host.endswith("." + partition[2])
    suffix = partition[2] if dual else partition[1]
    assert host.endswith("." + suffix), host
    return host.removesuffix(suffix).replace(f".{region}.", ".{}."), dual, signing if signing != region else "{}"


def rows_of(rules, document):
    """(partition or -1, Region or "", FIPS, dual stack, host, has the dual-stack suffix, signing Region), the particular ones first.

    A host ends where the partition's suffix begins; {} stands for the Region.
    """
    provider = botocore.endpoint_provider.EndpointProvider(rules, document)
    split = partitions(document)
    found = []
    for variant in itertools.product((False, True), repeat=2):
        hosts = {}
        for number, one in enumerate(document["partitions"]):
            for region in one["regions"]:
                if not region.endswith("-global"):
                    hosts[number, region] = resolved(provider, rules["parameters"], region, variant)
        found += together(hosts, split, variant)
    return sorted(found, key=lambda row: (row[1] == "", row[0] < 0))


def most(rows):
    """The commonest of them."""
    return max(sorted(set(rows)), key=rows.count)


def together(hosts, split, variant):
    """Rows for one variant: a row for all, then one for each partition that differs, then one for each Region that does."""
    blank = {at: with_blanks(said, at[1], split[at[0]]) for at, said in hosts.items()}
    usual = most(list(blank.values()))
    rows = [(-1, "", *variant, *usual)]
    for number, partition in enumerate(split):
        here = [at for at in hosts if at[0] == number]
        if all(blank[at] == usual for at in here):
            continue
        if usual[2] == "{}":
            chosen = most([blank[at] for at in here])
        else:  # a global service: one host and one Region that signs, for the whole partition
            host, signing = most([hosts[at] for at in here])
            chosen = (host.removesuffix(partition[2]).removesuffix(partition[1]), host.endswith("." + partition[2]), signing)
        rows.append((number, "", *variant, *chosen))
        if usual[2] == "{}":
            rows += [(number, at[1], *variant, *blank[at]) for at in here if blank[at] != chosen]
    return rows
