#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "adapters/net/http_message.h"
#include "lab/route53/check_book.h"
#include "lab/route53/model.h"
#include "lab/route53/zone_book.h"

#include "sigv4/signer.h"

namespace farshore::lab::route53 {

// Route 53's REST API over the books: one request to one answer, no I/O.
class Api {
  public:
    // The books must outlive it. No credentials: signatures are not checked.
    Api(ZoneBook& zones, CheckBook& checks, std::vector<sigv4::Credentials> credentials)
        : zones_(zones), checks_(checks), credentials_(std::move(credentials)) {}

    [[nodiscard]] net::HttpResponse answer(const net::HttpRequest& request, ZoneBook::Now now);

  private:
    struct Call {
        const net::HttpRequest& request;
        std::vector<std::string> path;  // below the version
        ZoneBook::Now now;
    };

    using Answered = Result<net::HttpResponse>;

    [[nodiscard]] Status admit(const net::HttpRequest& request, UtcTime now) const;
    [[nodiscard]] Answered route(const Call& call);
    [[nodiscard]] Answered route_zone(const Call& call);
    [[nodiscard]] Answered route_check(const Call& call);

    [[nodiscard]] Answered create_zone(const Call& call);
    [[nodiscard]] Answered list_zones(const Call& call) const;
    [[nodiscard]] Answered list_zones_by_name(const Call& call) const;
    [[nodiscard]] Answered change_records(const Call& call);
    [[nodiscard]] Answered list_records(const Call& call) const;
    [[nodiscard]] Answered create_check(const Call& call);
    [[nodiscard]] Answered list_checks(const Call& call) const;
    [[nodiscard]] Answered check_status(const Call& call) const;
    [[nodiscard]] Answered tags(const Call& call);

    ZoneBook& zones_;
    CheckBook& checks_;
    std::vector<sigv4::Credentials> credentials_;
    std::map<std::pair<std::string, std::string>, std::vector<Tag>> tags_;  // by type and id
    std::uint64_t requests_ = 0;
};

}  // namespace farshore::lab::route53
