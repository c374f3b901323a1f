#include "lab/route53/record_rules.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

#include "adapters/net/dns_message.h"
#include "base/text.h"
#include "lab/route53/api_error.h"
#include "lab/route53/domain_name.h"

namespace farshore::lab::route53 {

namespace {

constexpr std::int64_t kTtlMax = 2'147'483'647;
constexpr std::size_t kValuesMax = 400;
constexpr std::size_t kSetIdentifierMax = 128;
constexpr std::size_t kRecordsMax = 10'000;

// What the lab's DNS server can answer.
constexpr std::array<std::string_view, 8> kTypes{
    "A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "TXT"
};

std::string illegal(std::string_view problem, std::string_view text, std::string_view value) {
    return "Invalid Resource Record: 'FATAL problem: " + std::string{problem} + " (" +
           std::string{text} + ") encountered with '" + std::string{value} + "''";
}

bool quoted(std::string_view value) {
    return value.size() >= 2 && value.starts_with('"') && value.ends_with('"');
}

bool is_mx(std::string_view value) {
    const auto blank = value.find(' ');
    unsigned preference = 0;
    const char* end = value.data() + std::min(blank, value.size());
    const auto [stop, error] = std::from_chars(value.data(), end, preference);
    return blank != std::string_view::npos && error == std::errc{} && stop == end &&
           preference <= 65535 && canonical_name(value.substr(blank + 1)).has_value();
}

std::string fault_of_value(const std::string& type, const std::string& value) {
    if (type == "A" && !net::dns::a_from(value)) {
        return illegal("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", value);
    }
    in6_addr ipv6{};
    if (type == "AAAA" && inet_pton(AF_INET6, value.c_str(), &ipv6) != 1) {
        return illegal("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", value);
    }
    if ((type == "CNAME" || type == "NS" || type == "PTR") && !canonical_name(value)) {
        return illegal("DomainNameEmpty", "Value is not a domain name", value);
    }
    if (type == "TXT" && !quoted(value)) {
        return illegal(
            "InvalidCharacterString", "Value should be enclosed in quotation marks", value
        );
    }
    if (type == "MX" && !is_mx(value)) {
        return illegal("MXRRDATANotTwoFields", "Value should have a preference and a name", value);
    }
    if (type == "SOA" && std::ranges::count(value, ' ') != 6) {
        return illegal("SOARRDATANotSevenFields", "Value should have seven fields", value);
    }
    return {};
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
        } else if (found->second != record) {
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
    if (record.values.empty() || record.values.size() > kValuesMax) {
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
    for (const std::string& value : record.values) {
        std::string fault = fault_of_value(record.type, value);
        if (!fault.empty()) {
            faults.push_back(std::move(fault));
        }
    }
    return faults;
}

Result<Records> apply(
    const Zone& zone, const Records& before, const std::vector<RecordChange>& changes
) {
    Batch batch{zone, before};
    for (const RecordChange& change : changes) {
        batch.change(change);
    }
    return batch.result();
}

}  // namespace farshore::lab::route53
