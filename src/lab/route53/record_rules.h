#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/route53/model.h"

// What Route 53 accepts as a record set, and how a batch of changes applies: pure.
namespace farshore::lab::route53 {

// Listing order: name by reversed labels, then type, then set identifier.
struct RecordKey {
    std::string name_key;
    std::string type;
    std::string set_identifier;

    friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
    friend bool operator==(const RecordKey&, const RecordKey&) = default;
};

using Records = std::map<RecordKey, RecordSet>;

[[nodiscard]] RecordKey key_of(const RecordSet& record);

// "[name='a.example.com.', type='A', set identifier='primary']".
[[nodiscard]] std::string described(const RecordSet& record);

// Why this record set alone is not acceptable; empty: it is. In Route 53's words where known.
[[nodiscard]] std::vector<std::string> faults_of(const RecordSet& record);

// All changes or none. Errors: InvalidChangeBatch, its text "[first, second, ...]".
[[nodiscard]] Result<Records> apply(
    const Zone& zone, const Records& before, const std::vector<RecordChange>& changes
);

}  // namespace farshore::lab::route53
