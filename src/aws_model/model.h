#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/enum_names.h"

// What AWS's service models say of the calls that Farshore makes: a table that
// tools/aws_model/generate.py writes, and from which requests are built and answers are read. Rows
// point to each other by number; texts are offsets into one text, each ended by a zero byte.
namespace farshore::aws_model {

enum class Protocol : std::uint8_t { json, query, ec2, rest_xml, rest_json };
inline constexpr std::array<std::string_view, 5> kProtocolNames{
    "json", "query", "ec2", "rest-xml", "rest-json"
};

constexpr const auto& names_of(Protocol) {
    return kProtocolNames;
}

// How a value stands in boost::json: strings as strings, blobs as base64 (but the payload of a
// request or an answer as its bytes), timestamps as seconds since 1970, NaN and the infinities as
// those words.
enum class Kind : std::uint8_t {
    structure,
    list,
    map,
    string,
    blob,
    boolean,
    integer,
    long_integer,
    float_number,
    double_number,
    timestamp,
    document  // any JSON
};
inline constexpr std::array<std::string_view, 12> kKindNames{
    "an object",
    "a list",
    "a map",
    "a string",
    "base64",
    "true or false",
    "a whole number",
    "a whole number",
    "a number",
    "a number",
    "a time in seconds",
    "a document"
};

constexpr const auto& names_of(Kind) {
    return kKindNames;
}

// Where a member of a request or an answer travels.
enum class Place : std::uint8_t { body, path, query, header, headers_by_prefix, status };

enum class TimeForm : std::uint8_t { unset, unix_seconds, iso8601, http_date };

enum class ShapeFlag : std::uint8_t { one_of };

enum class MemberFlag : std::uint8_t {
    required,
    flattened,
    named_by_entry,  // flattened in the way of older models: its entry's name is its own
    xml_attribute,
    idempotency_token,
    payload,
    json_in_header
};

using TextAt = std::uint32_t;

struct Shape {
    Kind kind;
    std::uint8_t flags;
    std::uint32_t first_member;  // of a list its entry; of a map its key and its value
    std::uint16_t members;

    [[nodiscard]] constexpr bool is(ShapeFlag flag) const {
        return (flags >> static_cast<unsigned>(flag) & 1U) != 0;
    }
};

struct Member {
    TextAt name;
    TextAt wire_name;   // 0: as its name
    TextAt query_name;  // protocol ec2's own; 0: from the others
    Place place;
    std::uint8_t flags;
    TimeForm time_form;
    std::uint16_t shape;

    [[nodiscard]] constexpr bool is(MemberFlag flag) const {
        return (flags >> static_cast<unsigned>(flag) & 1U) != 0;
    }
};

[[nodiscard]] constexpr TimeForm time_form(const Member& member, TimeForm otherwise) {
    return member.time_form == TimeForm::unset ? otherwise : member.time_form;
}

struct Operation {
    TextAt name;
    TextAt method;
    TextAt uri;            // with labels in braces, and a query that is always the same
    std::uint16_t input;   // 0: none
    std::uint16_t output;  // 0: none
    TextAt result_wrapper;
    TextAt root;  // of the XML that is sent
    TextAt xml_namespace;
    TextAt xml_prefix;
};

// An error that an operation can answer with: its code on the wire need not be its name.
struct ErrorRow {
    TextAt code;
    TextAt name;
    std::uint16_t shape;
};

struct Service {
    TextAt name;  // botocore's: "elbv2"
    TextAt id;    // "Elastic Load Balancing v2"
    Protocol protocol;
    TextAt api_version;
    TextAt target_prefix;  // of X-Amz-Target
    TextAt json_version;
    TextAt xml_namespace;
    TextAt signing_name;
    bool query_compatible;  // spoke the query protocol once: its errors have old names
    std::uint32_t first_operation;
    std::uint16_t operations;
    std::uint32_t first_error;
    std::uint16_t errors;
};

// Models of tests only: no service of the table has XML namespaces below the root.
struct XmlNamespace {
    std::uint32_t member;
    TextAt uri;
    TextAt prefix;
};

// A part of AWS with names, accounts and identities of its own.
struct Partition {
    TextAt name;
    TextAt suffix;       // of its endpoints
    TextAt dual_suffix;  // of those that answer over IPv6 too
};

// Names of Regions that begin so belong to this partition; the longest beginning decides.
struct RegionBeginning {
    TextAt beginning;
    std::uint8_t partition;
};

// The endpoints of a service, particular rows in front of general ones.
struct EndpointRow {
    std::uint8_t service;
    std::int8_t partition;  // -1: all
    TextAt region;          // 0: all
    bool fips;
    bool dual_stack;
    TextAt host;  // up to the partition's suffix; {} stands for the Region
    bool with_dual_suffix;
    TextAt signing_region;  // {}: the Region
};

// A view of the rows. Immutable; safe from any thread.
struct Model {
    std::string_view text;
    std::span<const Shape> shapes;
    std::span<const Member> members;
    std::span<const Operation> operations;
    std::span<const ErrorRow> errors;
    std::span<const Service> services;
    std::span<const XmlNamespace> namespaces;
    std::span<const Partition> partitions;
    std::span<const RegionBeginning> beginnings;
    std::span<const EndpointRow> endpoints;

    [[nodiscard]] constexpr std::string_view word(TextAt at) const {
        return text.substr(at, text.find('\0', at) - at);
    }

    [[nodiscard]] constexpr std::span<const Member> members_of(const Shape& shape) const {
        return members.subspan(shape.first_member, shape.members);
    }

    [[nodiscard]] constexpr const Shape& shape_of(const Member& member) const {
        return shapes[member.shape];
    }

    [[nodiscard]] constexpr std::string_view wire_name(const Member& member) const {
        return word(member.wire_name == 0 ? member.name : member.wire_name);
    }

    // nullptr: none of its own.
    [[nodiscard]] const XmlNamespace* namespace_of(const Member& member) const;

    // nullptr: the table has none of that name.
    [[nodiscard]] const Member* find_member(const Shape& shape, std::string_view name) const;
    [[nodiscard]] const Service* find_service(std::string_view name) const;
    [[nodiscard]] const Operation* find_operation(const Service& service, std::string_view name)
        const;
    [[nodiscard]] const ErrorRow* find_error(const Service& service, std::string_view code) const;
};

// The calls of tools/aws_model/operations.txt.
[[nodiscard]] const Model& model();

}  // namespace farshore::aws_model
