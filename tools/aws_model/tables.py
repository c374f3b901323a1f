"""The compact form of AWS service models that src/aws_model/model.h reads: rows that point to each other by number.

One converter serves the table that ships (generate.py) and the models of botocore's protocol cases (cases.py), so that the
cases prove the table's own meaning.
"""

PROTOCOLS = ["json", "query", "ec2", "rest-xml", "rest-json"]
KINDS = [
    "structure", "list", "map", "string", "blob", "boolean", "integer", "long", "float", "double", "timestamp", "document",
]
PLACES = ["body", "uri", "querystring", "header", "headers", "statusCode"]
TIME_FORMS = ["", "unixTimestamp", "iso8601", "rfc822"]
MEMBER_FLAGS = ["required", "flattened", "named_by_entry", "xmlAttribute", "idempotencyToken", "payload", "jsonvalue"]
SHAPE_FLAGS = ["union"]
# botocore's names for what the table calls otherwise: one letter, whole numbers of each size.
SAME_KIND = {"character": "string", "bigdecimal": "double", "short": "integer", "byte": "integer"}


class Tables:
    """Collects rows. Numbers of shapes begin at 1: 0 means none."""

    def __init__(self):
        self.text = "\0"
        self.offsets = {"": 0}
        self.shapes = [[0] * 4]
        self.leaves = {}
        self.members = []
        self.namespaces = []
        self.operations = []
        self.errors = []
        self.services = []
        self.partitions = []
        self.beginnings = []
        self.endpoints = []

    def intern(self, words):
        """The offset of these words in the text."""
        if words not in self.offsets:
            self.offsets[words] = len(self.text)
            self.text += words + "\0"
        return self.offsets[words]

    def add_partitions(self, partitions):
        """What endpoints.partitions gives."""
        for number, (name, suffix, dual_suffix, beginnings) in enumerate(partitions):
            self.partitions.append([self.intern(name), self.intern(suffix), self.intern(dual_suffix)])
            self.beginnings += [[self.intern(one), number] for one in beginnings]

    def add_endpoints(self, rows):
        """What endpoints.rows_of gives, of the service that was added last."""
        number = len(self.services) - 1
        for partition, region, fips, dual, host, dual_suffix, signing in rows:
            self.endpoints.append([
                number, partition, self.intern(region), int(fips), int(dual), self.intern(host), int(dual_suffix), self.intern(signing),
            ])

    def add_service(self, name, protocol, model, operations):
        """One service with these operations and the shapes that they reach."""
        meta = model["metadata"]
        numbers = {}
        first, first_error = len(self.operations), len(self.errors)
        for operation in operations:
            self.operations.append(self.operation(model, model["operations"][operation], numbers))
        for error in sorted({one["shape"] for name in operations for one in model["operations"][name].get("errors", [])}):
            self.errors.append(self.error(model, error, numbers))
        self.services.append([
            self.intern(name), self.intern(meta.get("serviceId", "")), PROTOCOLS.index(protocol), self.intern(meta.get("apiVersion", "")),
            self.intern(meta.get("targetPrefix", "")), self.intern(meta.get("jsonVersion", "1.0") if protocol == "json" else ""),
            self.intern(namespace_of(meta.get("xmlNamespace"))[0]),
            self.intern(meta.get("signingName", meta.get("endpointPrefix", ""))), int("awsQueryCompatible" in meta), first, len(operations), first_error,
            len(self.errors) - first_error,
        ])

    def operation(self, model, operation, numbers):
        """The row of one operation."""
        http = operation.get("http", {})
        given, answer = operation.get("input", {}), operation.get("output", {})
        root = dict(model["shapes"][given["shape"]], **given) if given else {}
        uri, prefix = namespace_of(root.get("xmlNamespace"))
        return [
            self.intern(operation.get("name", "")), self.intern(http.get("method", "POST")), self.intern(http.get("requestUri", "/")),
            self.shape(model, given["shape"], numbers) if given else 0, self.shape(model, answer["shape"], numbers) if answer else 0,
            self.intern(answer.get("resultWrapper", "")), self.intern(root.get("locationName", given.get("shape", "")) if model["metadata"]["protocol"] == "rest-xml" else ""), self.intern(uri),
            self.intern(prefix),
        ]

    def error(self, model, name, numbers):
        """The row of one error: the code on the wire, and the shape of what comes with it."""
        said = model["shapes"][name].get("error", {})
        return [self.intern(said.get("code", name)), self.intern(name), self.shape(model, name, numbers)]

    def shape(self, model, name, numbers):
        """The number of a shape, which may refer to itself. Shapes without members are shared."""
        if name in numbers:
            return numbers[name]
        shape = model["shapes"][name]
        kind = "document" if shape.get("document") else SAME_KIND.get(shape["type"], shape["type"])
        row = [KINDS.index(kind), flags(shape, SHAPE_FLAGS), 0, 0]
        members = members_of(shape)
        if not members and tuple(row) in self.leaves:
            numbers[name] = self.leaves[tuple(row)]
            return numbers[name]
        numbers[name] = number = len(self.shapes)
        if not members:
            self.leaves[tuple(row)] = number
        self.shapes.append(row)
        # Rows of members stand together, so the shapes below them are made first.
        below = [self.shape(model, one["shape"], numbers) for _, one, _ in members]
        row[2:] = [len(self.members), len(members)]
        for (member, reference, extra), shape_below in zip(members, below):
            self.members.append(self.member(model, member, reference, extra) + [shape_below])
        return number

    def member(self, model, name, reference, extra):
        """What is said of a member, where it is named or by its shape; the number of the shape is for the caller to add."""
        target = model["shapes"][reference["shape"]]
        said = dict(target, **reference, **extra)
        said["named_by_entry"] = target["type"] == "list" and target.get("flattened") and not reference.get("flattened")
        uri, prefix = namespace_of(said.get("xmlNamespace"))
        if uri:
            self.namespaces.append([len(self.members), self.intern(uri), self.intern(prefix)])
        return [
            self.intern(name), self.intern(said.get("locationName", "")), self.intern(said.get("queryName", "")),
            PLACES.index(said.get("location", "body")), flags(said, MEMBER_FLAGS), TIME_FORMS.index(said.get("timestampFormat", "")),
        ]

    def document(self):
        """All rows, as one JSON document."""
        return {
            "text": self.text, "shapes": self.shapes, "members": self.members, "namespaces": self.namespaces,
            "operations": self.operations, "errors": self.errors, "services": self.services,
        }


def flags(said, names):
    """One bit for each of these names that is there and true."""
    return sum(1 << i for i, name in enumerate(names) if said.get(name))


def namespace_of(said):
    """URI and prefix; a model says the URI alone, or both."""
    if isinstance(said, str):
        return said, ""
    return ((said or {}).get("uri", ""), (said or {}).get("prefix", ""))


def members_of(shape):
    """(name, reference, what the shape says of it) of each member, of a list's entries, or of a map's keys and values."""
    if shape["type"] == "list":
        return [("member", shape["member"], {"required": False, "payload": False})]
    if shape["type"] == "map":
        return [(name, shape[name], {"required": False, "payload": False}) for name in ("key", "value")]
    required = set(shape.get("required", []))
    return [
        (name, one, {"required": name in required, "payload": shape.get("payload") == name})
        for name, one in shape.get("members", {}).items()
    ]
