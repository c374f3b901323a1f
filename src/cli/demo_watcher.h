#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/json/object.hpp>

#include "adapters/net/dns_client.h"
#include "cli/api_client.h"
#include "cli/demo_stage.h"
#include "wire/status_document.h"

namespace farshore::cli {

struct OperationSeen {
    wire::OperationDocument operation;
    boost::json::object document;  // as the controller sent it
};

// Watches a world from outside, as an operator could: the controller's API, the record in DNS, and
// the shoppers' own log. Tells the stage what is new.
class Watcher {
  public:
    struct Options {
        Access controller;
        wire::AddressPort dns;
        std::string source_address;
        std::string record;
        std::map<std::string, std::string> region_of_address;  // of load balancers
        std::string client_log;
    };

    Watcher(Options options, Stage& stage, const ports::Clock& clock);

    // One look at everything.
    void look();

    // From now on changes of votes are told; before, observers are only coming up.
    void tell_votes() { votes_are_news_ = true; }

    // Of no app before the controller has answered.
    [[nodiscard]] const wire::StatusDocument& status() const { return status_; }

    // The newest of these verbs; nullptr: none. Good until the next look.
    [[nodiscard]] const OperationSeen* operation(const std::set<core::Verb>& verbs) const;

    [[nodiscard]] std::string dns_region() const { return dns_region_; }  // empty: not known

    [[nodiscard]] std::optional<UtcTime> dns_since() const { return dns_since_; }

    [[nodiscard]] std::uint64_t requests() const { return requests_; }

    [[nodiscard]] std::uint64_t failed() const { return failed_; }

    // Intended start of the last failed request.
    [[nodiscard]] std::optional<UtcTime> last_failure() const { return last_failure_; }

    // Did an agent observer vote this component of the Region unhealthy within the span?
    [[nodiscard]] bool agents_saw(
        const std::string& region, std::string_view component, drill::Span span
    ) const;

    [[nodiscard]] ApiClient& api() { return api_; }

  private:
    void look_at_status();
    void look_at_votes();
    void look_at_vote(
        const std::string& region, const std::string& component, const wire::VoteDocument& vote
    );
    void look_at_agents();
    void look_at_operation();
    void look_at_dns();
    void look_at_clients();
    void show_live();

    Options options_;
    Stage& stage_;
    const ports::Clock& clock_;
    ApiClient api_;
    net::Io io_{1};
    std::unique_ptr<net::DnsClient> dns_;
    std::ifstream log_;
    std::string log_rest_;
    wire::StatusDocument status_;
    bool controller_answers_ = true;
    bool votes_are_news_ = false;
    std::map<std::string, std::optional<core::Health>> votes_;
    std::map<std::string, std::string> routes_;
    std::map<std::string, OperationSeen> operations_;             // by id
    std::map<std::string, std::uint64_t> told_;                   // last step told, by id
    std::map<std::string, std::vector<UtcTime>> seen_by_agents_;  // "dynamodb of us-east-1"
    std::string dns_region_;
    std::optional<UtcTime> dns_since_;
    std::uint64_t requests_ = 0;
    std::uint64_t failed_ = 0;
    std::optional<UtcTime> last_failure_;
};

}  // namespace farshore::cli
