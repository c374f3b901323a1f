#include <tuple>
#include <utility>

#include <boost/json.hpp>

#include "controller/loss_rows.h"
#include "wire/agent_protocol.h"
#include "wire/document_forms.h"

// A key's chain as the store keeps it.
namespace farshore::wire {

inline constexpr At kFrom1970{.max = kNumberMax};

// Table and key are the chain's.
template <>
inline constexpr auto kFields<core::RiskyWrite> = std::tuple{
    required("host", &core::RiskyWrite::host, Id{}),
    required("op", path(&core::RiskyWrite::entry, &core::LedgerEntry::op), Text{64}),
    required("at_ms", path(&core::RiskyWrite::entry, &core::LedgerEntry::at), kFrom1970),
    required("epoch", path(&core::RiskyWrite::entry, &core::LedgerEntry::epoch), EpochNumber{}),
    optional("hash", path(&core::RiskyWrite::entry, &core::LedgerEntry::hash), Text{128}),
    required(
        "acknowledged", path(&core::RiskyWrite::entry, &core::LedgerEntry::acknowledged), Flag{}
    ),
    required("fate", &core::RiskyWrite::fate, Word{}),
    sparse("order", path(&core::RiskyWrite::entry, &core::LedgerEntry::order), Count{}),
    sparse("left_out", path(&core::RiskyWrite::entry, &core::LedgerEntry::left_out), Flag{}),
    sparse("proven", &core::RiskyWrite::proven, Flag{})
};

namespace {

constexpr std::size_t kReasonBytesMax = 4096;

// The key is an object, or the text that it is.
struct KeyRow {
    static void read(ObjectReader& in, core::KeptChain& chain) {
        const boost::json::value* key = in.whole().if_contains("key");
        if (key != nullptr && key->is_string()) {
            chain.key = key->get_string();
        } else if (const boost::json::object* object = in.object("key")) {
            chain.key = boost::json::serialize(*object);
        }
    }

    static void write(boost::json::object& out, const core::KeptChain& chain) {
        Result<boost::json::object> key = parse_json_object(chain.key, kLedgerKeyBytesMax);
        const bool as_object = key && boost::json::serialize(*key) == chain.key;
        out["key"] =
            as_object ? boost::json::value(std::move(*key)) : boost::json::value(chain.key);
    }
};

void complete(ObjectReader& /*in*/, core::KeptChain& chain) {
    for (core::RiskyWrite& write : chain.writes) {
        write.entry.table = TableName{chain.table};
        write.entry.key = chain.key;
    }
}

}  // namespace

template <>
inline constexpr auto kFields<core::KeptChain> = std::tuple{
    required("table", &core::KeptChain::table, Text{ObjectReader::kIdBytesMax}),
    KeyRow{},
    required("examined", &core::KeptChain::examined, Flag{}),
    optional("promotion_digest", &core::KeptChain::promotion_digest, Text{128}),
    required("changed_before_return", &core::KeptChain::changed_before_return, Flag{}),
    optional("settled_at_ms", &core::KeptChain::settled_at, kFrom1970),
    optional("reason", &core::KeptChain::reason, Text{kReasonBytesMax}),
    required("writes", &core::KeptChain::writes, List{core::kWritesPerKeyMax, Inside{}}),
    rule(complete)
};

}  // namespace farshore::wire

namespace farshore::controller {

namespace {

constexpr std::size_t kDocumentBytesMax = 16 * 1024 * 1024;

}  // namespace

boost::json::value key_as_json(const core::KeyChain& chain) {
    boost::json::object out;
    wire::KeyRow::write(out, chain.kept());
    return std::move(out.at("key"));
}

boost::json::object chain_document(const core::KeyChain& chain) {
    return wire::to_json(chain.kept());
}

Result<core::KeyChain> read_chain(std::string_view text) {
    Result<core::KeptChain> kept =
        wire::parse_document<core::KeptChain>("loss book", text, kDocumentBytesMax);
    if (!kept) {
        return std::unexpected(std::move(kept.error()));
    }
    return core::KeyChain{std::move(*kept)};
}

}  // namespace farshore::controller
