#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/ids.h"

#include "dataplane/ledger_queue.h"

namespace farshore::dataplane {

// One item that a request wrote to.
struct NotedWrite {
    TableName table;
    std::string operation;  // "PutItem", also inside a batch or a transaction
    // The key, when the request names it, or should have; else the attributes that could be part of
    // one. None of the latter: the request does not tell its key.
    bool has_key = false;
    boost::json::object attributes;
    // The attributes are those of the whole item: what is not among them is not in the key.
    bool whole = false;
    std::string digest;  // "" when not known
    // The answer to an acknowledged batch says that the service does not know what became of it.
    bool unknown = false;
};

// Takes a write apart. Empty: it changed no item (a batch of which nothing was done, a transaction
// of conditions). What is not readable is one write without key.
[[nodiscard]] std::vector<NotedWrite> read_note(const WriteNote& note);

// The key made of these attributes, canonical; nullopt when one is missing.
[[nodiscard]] std::optional<std::string> key_text(
    const boost::json::object& attributes, const std::vector<std::string>& names
);

}  // namespace farshore::dataplane
