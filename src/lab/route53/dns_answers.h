#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "adapters/net/dns_message.h"
#include "lab/route53/check_book.h"
#include "lab/route53/zone_book.h"

namespace farshore::lab::route53 {

// What an authoritative DNS server of the lab says to a query: no I/O.
class DnsAnswers {
  public:
    struct Options {
        std::map<std::string, std::string> static_names;  // lower case, no trailing dot
        std::uint32_t static_ttl = 5;
        // Has this static name no address now? It then has no records (NODATA), as AWS's own
        // DynamoDB name had none on 20 October 2025.
        std::function<bool(std::string)> emptied;
    };

    // The books must outlive it.
    DnsAnswers(const ZoneBook& zones, const CheckBook& checks, Options options)
        : zones_(zones), checks_(checks), options_(std::move(options)) {}

    // `draw`: any number, for weighted routing. Never fails: what cannot be answered gets an rcode.
    [[nodiscard]] net::dns::Message answer(const net::dns::Message& query, std::uint64_t draw)
        const;

  private:
    void answer_static(const net::dns::Question& question, net::dns::Message& reply) const;
    void answer_zone(
        const net::dns::Question& question, std::uint64_t draw, net::dns::Message& reply
    ) const;

    const ZoneBook& zones_;
    const CheckBook& checks_;
    Options options_;
};

}  // namespace farshore::lab::route53
