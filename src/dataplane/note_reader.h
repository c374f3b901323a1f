#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/ids.h"

#include "dataplane/ledger_queue.h"

namespace farshore::dataplane {

// One key that a request wrote to.
struct NotedWrite {
    TableName table;
    std::string operation;  // "PutItem", also inside a batch or a transaction
    // The key, when the request names it; else the attributes of the item that could be part of
    // one.
    bool has_key = false;
    boost::json::object attributes;
    std::string digest;  // "" when not known
};

// Takes a write apart. Empty: the request does not tell what it writes (PartiQL), or is not
// readable.
[[nodiscard]] std::vector<NotedWrite> read_note(const WriteNote& note);

// The key made of these attributes, canonical; nullopt when one is missing.
[[nodiscard]] std::optional<std::string> key_text(
    const boost::json::object& attributes, const std::vector<std::string>& names
);

}  // namespace farshore::dataplane
