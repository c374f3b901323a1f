#include "lab/route53/record_rules.h"

#include <algorithm>
#include <array>

#include "lab/route53/api_error.h"
#include "lab/route53/domain_name.h"
#include "lab/route53/rdata.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::int64_t kTtlMax = 2'147'483'647;
constexpr std::size_t kValuesMax = 400;
constexpr std::size_t kSetIdentifierMax = 128;
constexpr std::size_t kRecordsMax = 10'000;
constexpr std::size_t kBatchValuesMax = 1000;
constexpr std::size_t kBatchCharactersMax = 32'000;

// What the lab's DNS server can answer.
constexpr std::array<std::string_view, 8> kTypes{
    "A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "TXT"
};

// The values as DNS serves them, and why Route 53 refuses some of them.
std::vector<net::dns::Rdata> read_values(
    const RecordSet& record, std::vector<std::string>& faults
) {
    std::vector<net::dns::Rdata> known;
    for (const std::string& value : record.values) {
        auto data = rdata_from(record.type, value);
        if (!data) {
            faults.push_back(
                "Invalid Resource Record: 'FATAL problem: " + std::string{data.error().problem} +
                " (" + std::string{data.error().text} + ") encountered with '" + value + "''"
            );
        } else if (std::ranges::find(known, *data) != known.end()) {
            faults.push_back("Duplicate Resource Record: '" + value + "'");
        } else {
            known.push_back(std::move(*data));
        }
    }
    return known;
}

// Equal but for the order and the spelling of the values.
bool same(const RecordSet& a, const RecordSet& b) {
    std::vector<std::string> faults;
    const auto values_of_a = read_values(a, faults);
    const auto values_of_b = read_values(b, faults);
    RecordSet other = b;
    other.values = a.values;
    return faults.empty() && a == other && std::ranges::is_permutation(values_of_a, values_of_b);
}

void find_routing_faults(const RecordSet& record, std::vector<std::string>& faults) {
    const int policies = (record.failover != FailoverRole::none ? 1 : 0) + (record.weight ? 1 : 0) +
                         (record.region.empty() ? 0 : 1);
    const std::string who = "RRSet with DNS name " + record.name + ", type " + record.type;
    if (policies > 1) {
        faults.push_back(who + " has more than one routing policy");
    }
    if (policies == 0 && !record.set_identifier.empty()) {
        faults.push_back(
            "Invalid request: Missing field 'Failover', 'Weight' or 'Region' in " + who +
            ", SetIdentifier " + record.set_identifier
        );
    }
    if (policies > 0 && record.set_identifier.empty()) {
        faults.push_back("Invalid request: Missing field 'SetIdentifier' in " + who);
    }
    if (record.failover == FailoverRole::primary && !record.alias && record.health_check.empty()) {
        faults.emplace_back(
            "A non-alias primary ResourceRecordSet must have an associated health check."
        );
    }
    if (record.failover != FailoverRole::none && record.alias && !record.alias->evaluate_health &&
        record.health_check.empty()) {
        faults.emplace_back(
            "An alias ResourceRecordSet of failover routing must evaluate target health."
        );
    }
}

std::string tried_to(std::string_view verb, const RecordSet& record, std::string_view but) {
    return "Tried to " + std::string{verb} + " resource record set " + described(record) + " but " +
           std::string{but};
}

// What one batch may hold. An UPSERT counts twice.
std::string_view fault_of_size(const std::vector<RecordChange>& changes) {
    std::size_t values = 0;
    std::size_t characters = 0;
    for (const RecordChange& change : changes) {
        const std::size_t times = change.action == ChangeAction::upsert ? 2 : 1;
        values += times * change.record.values.size();
        for (const std::string& value : change.record.values) {
            characters += times * value.size();
        }
    }
    if (values > kBatchValuesMax) {
        return "[Number of records limit of 1000 exceeded.]";
    }
    if (characters > kBatchCharactersMax) {
        return "[RDATA character limit of 32000 exceeded.]";
    }
    return {};
}

// One batch at work: the records so far and what is wrong.
class Batch {
  public:
    Batch(const Zone& zone, const Records& before) : zone_(zone), records_(before) {}

    void change(const RecordChange& change) {
        const RecordSet& record = change.record;
        if (!is_within(record.name, zone_.name)) {
            faults_.push_back(
                "RRSet with DNS name " + record.name + " is not permitted in zone " + zone_.name
            );
            return;
        }
        if (change.action == ChangeAction::erase) {
            erase(record);
            return;
        }
        const auto wrong = faults_of(record);
        if (!wrong.empty()) {
            faults_.insert(faults_.end(), wrong.begin(), wrong.end());
            return;
        }
        put(change);
    }

    [[nodiscard]] Result<Records> result() {
        check_neighbours();
        if (records_.size() > kRecordsMax) {
            faults_.emplace_back("Number of records limit of 10000 exceeded.");
        }
        if (faults_.empty()) {
            return std::move(records_);
        }
        std::string text;
        for (const std::string& fault : faults_) {
            text += (text.empty() ? "[" : ", ") + fault;
        }
        return api_error("InvalidChangeBatch", text + "]");
    }

  private:
    void erase(const RecordSet& record) {
        const auto found = records_.find(key_of(record));
        if (found == records_.end()) {
            faults_.push_back(tried_to("delete", record, "it was not found"));
        } else if (!same(found->second, record)) {
            faults_.push_back(
                tried_to("delete", record, "the values provided do not match the current values")
            );
        } else if (record.name == zone_.name && (record.type == "SOA" || record.type == "NS")) {
            faults_.emplace_back(
                record.type == "SOA"
                    ? "A HostedZone must contain exactly one SOA record."
                    : "A HostedZone must contain at least one NS record for the zone itself."
            );
        } else {
            records_.erase(found);
        }
    }

    void put(const RecordChange& change) {
        const RecordSet& record = change.record;
        if (record.type == "SOA" && record.name != zone_.name) {
            faults_.emplace_back("A HostedZone must contain exactly one SOA record.");
            return;
        }
        if (record.type == "CNAME" && record.name == zone_.name) {
            faults_.push_back(
                "RRSet of type CNAME with DNS name " + record.name +
                " is not permitted at apex in zone " + zone_.name
            );
            return;
        }
        if (change.action == ChangeAction::create && records_.contains(key_of(record))) {
            faults_.push_back(tried_to("create", record, "it already exists"));
            return;
        }
        records_[key_of(record)] = record;
        touched_.push_back(key_of(record));
    }

    void check_neighbours() {
        for (const RecordKey& key : touched_) {
            const auto found = records_.find(key);
            if (found != records_.end()) {
                check_neighbours_of(found->second);
            }
        }
    }

    void check_neighbours_of(const RecordSet& record) {
        const std::string key = listing_key(record.name);
        const auto from = records_.lower_bound({key, "", ""});
        for (auto other = from; other != records_.end() && other->first.name_key == key; ++other) {
            const RecordSet& neighbour = other->second;
            if (&neighbour == &record) {
                continue;
            }
            if ((record.type == "CNAME") != (neighbour.type == "CNAME")) {
                faults_.push_back(
                    "RRSet of type CNAME with DNS name " + record.name +
                    " is not permitted as it conflicts with other records with the same DNS name"
                    " in zone " +
                    zone_.name
                );
                return;
            }
            if (record.type == neighbour.type) {
                check_pair(record, neighbour);
            }
        }
    }

    void check_pair(const RecordSet& record, const RecordSet& neighbour) {
        const std::string who = "RRSet with DNS name " + record.name + ", type " + record.type +
                                ", SetIdentifier " + record.set_identifier +
                                " cannot be created as ";
        const bool same_policy =
            (record.failover == FailoverRole::none) == (neighbour.failover == FailoverRole::none) &&
            record.weight.has_value() == neighbour.weight.has_value() &&
            record.region.empty() == neighbour.region.empty() &&
            record.set_identifier.empty() == neighbour.set_identifier.empty();
        if (!same_policy) {
            faults_.push_back(
                who + "a record of another routing policy exists with the same name and type."
            );
        } else if (record.failover != FailoverRole::none && record.failover == neighbour.failover) {
            faults_.push_back(
                who + "a " + std::string{to_string(record.failover)} +
                " failover record exists with the same name and type."
            );
        } else if (!record.region.empty() && record.region == neighbour.region) {
            faults_.push_back(
                who + "a latency record of Region " + record.region +
                " exists with the same name and type."
            );
        }
    }

    const Zone& zone_;
    Records records_;
    std::vector<RecordKey> touched_;
    std::vector<std::string> faults_;
};

}  // namespace

RecordKey key_of(const RecordSet& record) {
    return {
        .name_key = listing_key(record.name),
        .type = record.type,
        .set_identifier = record.set_identifier
    };
}

std::string described(const RecordSet& record) {
    std::string text = "[name='" + record.name + "', type='" + record.type + "'";
    if (!record.set_identifier.empty()) {
        text += ", set identifier='" + record.set_identifier + "'";
    }
    return text + "]";
}

std::vector<std::string> faults_of(const RecordSet& record) {
    std::vector<std::string> faults;
    if (std::ranges::find(kTypes, record.type) == kTypes.end()) {
        faults.push_back("The lab's DNS server does not serve records of type " + record.type);
        return faults;
    }
    if (record.set_identifier.size() > kSetIdentifierMax) {
        faults.emplace_back("SetIdentifier is longer than 128 characters");
    }
    if (record.weight && (*record.weight < 0 || *record.weight > 255)) {
        faults.push_back(
            "Invalid request: Expected weight from 0 to 255, got " + std::to_string(*record.weight)
        );
    }
    find_routing_faults(record, faults);
    if (record.alias) {
        if (!record.values.empty()) {
            faults.push_back(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
                "ResourceRecords], or TrafficPolicyInstanceId], but found more than one in Change "
                "with [Name=" +
                record.name + ", Type=" + record.type + "]"
            );
        }
        return faults;
    }
    if (record.values.size() > kValuesMax) {
        faults.emplace_back("Cannot have more than 400 records in a RRSet.");
        return faults;
    }
    if (record.values.empty()) {
        faults.push_back(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
            "ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Name=" +
            record.name + ", Type=" + record.type + "]"
        );
    }
    if (record.ttl < 0 || record.ttl > kTtlMax) {
        faults.push_back(
            "Invalid TTL " + std::to_string(record.ttl) + ", expected 0 to 2147483647"
        );
    }
    if ((record.type == "CNAME" || record.type == "SOA") && record.values.size() > 1) {
        faults.push_back(
            "RRSet with DNS name " + record.name + ", type " + record.type +
            " has more than one value"
        );
    }
    read_values(record, faults);
    return faults;
}

Result<Records> apply(
    const Zone& zone, const Records& before, const std::vector<RecordChange>& changes
) {
    if (const auto fault = fault_of_size(changes); !fault.empty()) {
        return api_error("InvalidChangeBatch", std::string{fault});
    }
    Batch batch{zone, before};
    for (const RecordChange& change : changes) {
        batch.change(change);
    }
    return batch.result();
}

}  // namespace farshore::lab::route53
