#include "lab/route53/dns_answers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lab/route53/domain_name.h"
#include "lab/route53/rdata.h"
#include "lab/route53/routing.h"

namespace farshore::lab::route53 {

namespace {

using net::dns::Message;
using net::dns::Question;
using net::dns::Rcode;
using net::dns::Record;
using net::dns::Type;

constexpr int kChainMax = 8;  // CNAMEs and aliases followed within our zones
constexpr std::uint16_t kInternetClass = 1;
constexpr std::uint16_t kUdpSize = 1232;
constexpr std::string_view kStaticZone = "lab.farshore";
constexpr std::uint32_t kAliasTtl = 60;

std::uint16_t number(Type type) {
    return static_cast<std::uint16_t>(type);
}

// Record sets of one zone, as one query sees them.
class ZoneView {
  public:
    ZoneView(const ZoneBook::Served& served, const CheckBook& checks, std::uint64_t draw)
        : served_(served), checks_(checks), draw_(draw) {}

    [[nodiscard]] bool has_name(const std::string& name) const {
        // A name also exists when only names below it have records.
        const auto at = served_.records->lower_bound({listing_key(name), "", ""});
        return at != served_.records->end() && at->first.name_key.starts_with(listing_key(name));
    }

    // The name whose records answer for `name`: itself, or the wildcard that covers it. Empty:
    // none.
    [[nodiscard]] std::string source_of(const std::string& name) const {
        if (has_name(name)) {
            return name;
        }
        std::string above = name;
        while (above != served_.zone_name) {
            above = above.substr(above.find('.') + 1);
            const std::string wildcard = "\\052." + above;
            if (has_name(wildcard)) {
                return wildcard;
            }
            if (has_name(above)) {
                break;  // the closest name that exists decides
            }
        }
        return {};
    }

    [[nodiscard]] const RecordSet* pick(const std::string& name, const std::string& type) const {
        const auto candidates = all(name, type);
        return choose(
            candidates, [this](const RecordSet& record) { return health_of(record, 0); }, draw_
        );
    }

    [[nodiscard]] std::vector<const RecordSet*> all(
        const std::string& name, const std::string& type
    ) const {
        std::vector<const RecordSet*> found;
        const std::string key = listing_key(name);
        for (auto at = served_.records->lower_bound({key, type, ""});
             at != served_.records->end() && at->first.name_key == key && at->first.type == type;
             ++at) {
            found.push_back(&at->second);
        }
        return found;
    }

    [[nodiscard]] std::optional<Record> negative_soa() const {
        const auto records = all(served_.zone_name, "SOA");
        if (records.empty() || records[0]->values.empty()) {
            return std::nullopt;
        }
        const auto soa = soa_from(records[0]->values[0]);
        if (!soa) {
            return std::nullopt;
        }
        return Record{
            .name = to_dns_name(served_.zone_name),
            .type = number(Type::soa),
            .ttl = std::min(static_cast<std::uint32_t>(records[0]->ttl), soa->minimum),
            .data = *soa
        };
    }

  private:
    [[nodiscard]] RecordHealth health_of(const RecordSet& record, int depth) const {
        if (!record.health_check.empty() && !checks_.healthy(record.health_check)) {
            return RecordHealth::unhealthy;
        }
        if (record.alias && record.alias->evaluate_health && depth < kChainMax) {
            const auto targets = all(record.alias->name, record.type);
            const bool any = std::ranges::any_of(targets, [this, depth](const RecordSet* target) {
                return health_of(*target, depth + 1) != RecordHealth::unhealthy;
            });
            return any ? RecordHealth::healthy : RecordHealth::unhealthy;
        }
        return record.health_check.empty() ? RecordHealth::no_check : RecordHealth::healthy;
    }

    const ZoneBook::Served& served_;
    const CheckBook& checks_;
    std::uint64_t draw_;
};

std::string type_name(std::uint16_t wanted) {
    for (const char* name : {"A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "TXT"}) {
        if (type_number(name) == wanted) {
            return name;
        }
    }
    return {};
}

void put(Message& reply, const std::string& owner, const RecordSet& record, std::uint32_t ttl) {
    for (const std::string& value : record.values) {
        if (auto data = rdata_from(record.type, value)) {
            reply.answers.push_back(
                {.name = to_dns_name(owner),
                 .type = type_number(record.type),
                 .ttl = ttl,
                 .data = std::move(*data)}
            );
        }
    }
}

void put_negative(Message& reply, const ZoneView& view) {
    if (const auto soa = view.negative_soa()) {
        reply.authorities.push_back(*soa);
    }
}

// Follows aliases of the same zone to the record set that has values. Null: it leads nowhere.
const RecordSet* resolved(const ZoneView& view, const RecordSet* record) {
    for (int step = 0; record != nullptr && record->alias; ++step) {
        if (step == kChainMax) {
            return nullptr;
        }
        record = view.pick(view.source_of(record->alias->name), record->type);
    }
    return record;
}

}  // namespace

Message DnsAnswers::answer(const Message& query, std::uint64_t draw) const {
    Message reply;
    reply.id = query.id;
    reply.response = true;
    reply.opcode = query.opcode;
    reply.recursion_desired = query.recursion_desired;
    reply.questions = query.questions;
    if (query.edns_udp_size) {
        reply.edns_udp_size = kUdpSize;
    }
    if (query.opcode != 0) {
        reply.rcode = Rcode::not_implemented;
        return reply;
    }
    if (query.response || query.questions.size() != 1) {
        reply.rcode = Rcode::format_error;
        return reply;
    }
    const Question& question = query.questions[0];
    if (question.klass != kInternetClass) {
        reply.rcode = Rcode::refused;
        return reply;
    }
    if (question.type == number(Type::any)) {
        reply.rcode = Rcode::not_implemented;
        return reply;
    }
    if (question.name == kStaticZone || question.name.ends_with("." + std::string{kStaticZone})) {
        answer_static(question, reply);
    } else {
        answer_zone(question, draw, reply);
    }
    return reply;
}

void DnsAnswers::answer_static(const Question& question, Message& reply) const {
    reply.authoritative = true;
    const auto found = options_.static_names.find(question.name);
    const bool known = found != options_.static_names.end();
    if (known && question.type == number(Type::a) &&
        !(options_.emptied && options_.emptied(question.name))) {
        if (const auto address = net::dns::a_from(found->second)) {
            reply.answers.push_back(
                {.name = question.name,
                 .type = number(Type::a),
                 .ttl = options_.static_ttl,
                 .data = *address}
            );
            return;
        }
    }
    const bool above_a_name = std::ranges::any_of(options_.static_names, [&](const auto& entry) {
        return entry.first.ends_with("." + question.name);
    });
    if (!known && !above_a_name && question.name != kStaticZone) {
        reply.rcode = Rcode::name_error;
    }
    const net::dns::Soa soa{
        .mname = "ns.lab.farshore",
        .rname = "hostmaster.lab.farshore",
        .minimum = options_.static_ttl
    };
    const Record record{
        .name = std::string{kStaticZone},
        .type = number(Type::soa),
        .ttl = options_.static_ttl,
        .data = soa
    };
    const bool asked_for = question.name == kStaticZone && question.type == number(Type::soa);
    (asked_for ? reply.answers : reply.authorities).push_back(record);
}

void DnsAnswers::answer_zone(const Question& question, std::uint64_t draw, Message& reply) const {
    const std::string type = type_name(question.type);
    std::string name = from_dns_name(question.name);
    for (int step = 0; step < kChainMax; ++step) {
        const auto served = zones_.served(name);
        if (!served) {
            // A chain that leaves our zones is for the resolver to follow; a foreign name is
            // refused.
            reply.rcode = step == 0 ? Rcode::refused : Rcode::no_error;
            return;
        }
        reply.authoritative = true;
        const ZoneView view{*served, checks_, draw};
        const std::string source = view.source_of(name);
        if (source.empty()) {
            reply.rcode = Rcode::name_error;
            put_negative(reply, view);
            return;
        }
        const RecordSet* picked = type.empty() ? nullptr : view.pick(source, type);
        if (const RecordSet* record = resolved(view, picked)) {
            const auto ttl = picked->alias ? kAliasTtl : static_cast<std::uint32_t>(record->ttl);
            put(reply, name, *record, ttl);
            return;
        }
        const RecordSet* cname = view.pick(source, "CNAME");
        if (cname == nullptr || cname->values.empty()) {
            put_negative(reply, view);
            return;
        }
        put(reply, name, *cname, static_cast<std::uint32_t>(cname->ttl));
        name = canonical_name(cname->values[0]).value_or(".");
    }
    reply.rcode = Rcode::server_failure;
}

}  // namespace farshore::lab::route53
