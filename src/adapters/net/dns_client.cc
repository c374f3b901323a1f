#include "adapters/net/dns_client.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/this_coro.hpp>
#include <openssl/rand.h>

#include "adapters/net/dns_exchange.h"
#include "base/assert.h"
#include "base/text.h"

namespace farshore::net {

namespace asio = boost::asio;

namespace {

constexpr std::uint16_t kUdpBytes = 1232;  // fits an unfragmented packet everywhere
constexpr int kChainMax = 8;               // CNAMEs that are followed within one answer
// How long a server is asked without EDNS after it did not take it: it may be replaced by one that
// does, and the only cost until then is TCP for long answers.
constexpr Duration kPlainFor = std::chrono::minutes{10};

std::uint16_t random_id() {
    std::uint16_t id = 0;
    FARSHORE_ASSERT(
        RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id) == 1,
        "a guessable id lets answers be forged"
    );
    return id;
}

std::string plain_name(std::string_view name) {
    std::string plain = to_lower(name);
    if (plain.ends_with('.')) {
        plain.pop_back();
    }
    return plain;
}

Status check_name(const std::string& name) {
    if (name.empty() || name.size() > 253) {
        return fail(ErrorKind::malformed, "\"" + name.substr(0, 80) + "\" is not a DNS name");
    }
    for (const std::string_view label : split(name, '.')) {
        if (label.empty() || label.size() > 63) {
            return fail(ErrorKind::malformed, "\"" + name.substr(0, 80) + "\" is not a DNS name");
        }
    }
    return {};
}

struct Server {
    DnsServer at;
    Timer::time_point plain_until{};  // it is asked without EDNS
};

// What one client knows about its servers.
struct Servers {
    std::vector<Server> list;
    std::size_t first = 0;  // the one that gave the last answer
};

Error no_address(std::string_view code, std::string text, std::string remedy = {}) {
    return {
        .kind = code == kNameMissing ? ErrorKind::not_found : ErrorKind::unavailable,
        .text = std::move(text),
        .remedy = std::move(remedy),
        .code = std::string{code}
    };
}

struct Asker {
    Io* io = nullptr;
    std::shared_ptr<Servers> servers;
    Duration timeout{};
    int attempts_max = 1;
    Status usable;  // what is wrong with the options
};

dns::Message question_for(const std::string& name, std::uint16_t type, bool plain) {
    dns::Message question;
    question.id = random_id();
    question.recursion_desired = true;
    question.questions.push_back({.name = name, .type = type});
    if (!plain) {
        question.edns_udp_size = kUdpBytes;
    }
    return question;
}

struct Question {
    std::string name;
    std::uint16_t type = 0;
};

// Says the answer something about the name?
bool is_of_use(const Result<dns::Message>& answer) {
    return answer &&
           (answer->rcode == dns::Rcode::no_error || answer->rcode == dns::Rcode::name_error);
}

// One attempt at one server. `plain`: without EDNS, as the server did not answer with it.
Task<Result<dns::Message>> ask_server(Asker asker, std::size_t index, Question asked, bool plain) {
    const Timer::time_point started = std::chrono::steady_clock::now();
    const Timer::time_point deadline = started + asker.timeout;
    const Server server = asker.servers->list[index];
    const bool known_as_plain = started < server.plain_until;
    bool without_edns = plain || known_as_plain;
    dns::Message question = question_for(asked.name, asked.type, without_edns);
    Result<dns::Message> answer = co_await ask_udp(asker.io, server.at, question, deadline);
    if (answer && !without_edns && refuses_the_form(*answer)) {
        without_edns = true;
        question = question_for(asked.name, asked.type, true);
        answer = co_await ask_udp(asker.io, server.at, question, deadline);
    }
    if (answer && answer->truncated) {
        answer = co_await ask_tcp(asker.io, server.at, question, deadline);
        if (answer && answer->truncated) {
            answer = fail(ErrorKind::unavailable, "the answer is cut off, also over TCP");
        }
    }
    if (is_of_use(answer) && without_edns && !known_as_plain) {
        asker.servers->list[index].plain_until = started + kPlainFor;
    }
    co_return answer;
}

// The first answer that says something about the name; else the last one, of whatever response
// code, or the last attempt's error.
Task<Result<dns::Message>> ask_servers(Asker asker, Question asked) {
    const Status valid = asker.usable ? check_name(asked.name) : asker.usable;
    if (!valid) {
        co_return std::unexpected(valid.error());
    }
    enum class Next { usual, plain, not_again };
    const std::size_t count = asker.servers->list.size();
    const std::size_t first = asker.servers->first;
    std::vector<Next> next(count, Next::usual);
    Result<dns::Message> answer = fail(ErrorKind::timed_out, "no attempt allowed");
    for (std::size_t turn = 0; turn < count * static_cast<std::size_t>(asker.attempts_max);
         ++turn) {
        const std::size_t index = (first + turn) % count;
        if (next[index] == Next::not_again) {
            continue;
        }
        const bool plain = next[index] == Next::plain;
        answer = co_await ask_server(asker, index, asked, plain);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (is_of_use(answer) || state.cancelled() != asio::cancellation_type::none) {
            asker.servers->first = index;
            co_return answer;
        }
        // Some servers, and what stands before them, drop or fail what they do not know.
        const bool again = !answer || answer->rcode == dns::Rcode::server_failure;
        next[index] = again ? Next::plain : Next::not_again;
    }
    co_return answer;
}

std::string_view word_of(dns::Rcode rcode) {
    switch (rcode) {
        case dns::Rcode::no_error: return "no error";
        case dns::Rcode::format_error: return "FORMERR";
        case dns::Rcode::server_failure: return "SERVFAIL";
        case dns::Rcode::name_error: return "NXDOMAIN";
        case dns::Rcode::not_implemented: return "NOTIMP";
        case dns::Rcode::refused: return "REFUSED";
    }
    return "an unknown response code";
}

bool has_authority(const dns::Message& answer, dns::Type type) {
    return std::ranges::any_of(answer.authorities, [type](const dns::Record& record) {
        return record.type == std::to_underlying(type);
    });
}

// An answer without an address: does it say that there is none, or only that the server does not
// look any further (RFC 2308, 2.2)?
Status says_so(const dns::Message& answer, const std::string& asked, const std::string& last) {
    if (answer.authoritative || answer.recursion_available ||
        has_authority(answer, dns::Type::soa)) {
        return {};
    }
    if (last == asked && !has_authority(answer, dns::Type::ns)) {
        return {};
    }
    return fail(
        ErrorKind::unavailable,
        "the DNS server refers to others for " + last,
        "name a DNS server that looks up names of others: a recursive resolver"
    );
}

// The addresses at the end of the CNAME chain that begins at `name`.
Result<DnsAnswer> addresses_in(const dns::Message& answer, std::string name) {
    const std::string asked = name;
    DnsAnswer found;
    std::uint32_t ttl = 7 * 24 * 3600;
    for (int link = 0; link <= kChainMax; ++link) {
        std::optional<std::string> next;
        for (const dns::Record& record : answer.answers) {
            if (record.name != name) {
                continue;
            }
            if (const auto* a = std::get_if<std::array<std::uint8_t, 4>>(&record.data)) {
                found.addresses.push_back(dns::to_address(*a));
                ttl = std::min(ttl, record.ttl);
            } else if (record.type == std::to_underlying(dns::Type::cname)) {
                next = std::get<std::string>(record.data);
                ttl = std::min(ttl, record.ttl);
            }
        }
        if (!found.addresses.empty()) {
            found.ttl = std::chrono::seconds{ttl};
            return found;
        }
        if (!next) {
            if (Status said = says_so(answer, asked, name); !said) {
                return std::unexpected(std::move(said.error()));
            }
            break;
        }
        name = std::move(*next);
    }
    return std::unexpected(no_address(
        kNoAddress,
        "the answer for " + asked + " is empty: the name exists and has no address",
        "the service behind it may have been taken out of DNS on purpose"
    ));
}

Task<Result<DnsAnswer>> resolve_with(Asker asker, std::string name) {
    Question question{.name = name, .type = std::to_underlying(dns::Type::a)};
    const Result<dns::Message> answer = co_await ask_servers(std::move(asker), std::move(question));
    if (!answer) {
        co_return std::unexpected(in_context("DNS lookup of " + name, answer.error()));
    }
    if (answer->rcode == dns::Rcode::name_error) {
        co_return std::unexpected(
            no_address(kNameMissing, "there is no name " + name + " (NXDOMAIN)")
        );
    }
    if (answer->rcode != dns::Rcode::no_error) {
        co_return fail(
            ErrorKind::unavailable,
            "the DNS server answered " + std::string{word_of(answer->rcode)} + " for " + name
        );
    }
    Result<DnsAnswer> addresses = addresses_in(*answer, std::move(name));
    co_return addresses;
}

class AsioDnsClient final : public DnsClient {
  public:
    AsioDnsClient(Io& io, const Options& options) {
        asker_.io = &io;
        asker_.servers = std::make_shared<Servers>();
        asker_.timeout = options.timeout;
        asker_.attempts_max = options.attempts_max;
        const auto source = address_from(options.source_address);
        for (const wire::AddressPort& server : options.servers) {
            asker_.servers->list.push_back(
                {.at =
                     {.address = address_from(server.address).value_or(asio::ip::address{}),
                      .port = server.port,
                      .source = source}}
            );
        }
        if (options.servers.empty()) {
            asker_.usable = fail(ErrorKind::malformed, "no DNS server is named");
        }
    }

    Task<Result<DnsAnswer>> resolve(std::string name) override {
        return resolve_with(asker_, plain_name(name));
    }

    Task<Result<dns::Message>> ask(std::string name, dns::Type type) override {
        return ask_servers(
            asker_, Question{.name = plain_name(name), .type = std::to_underlying(type)}
        );
    }

  private:
    std::optional<asio::ip::address> address_from(const std::string& text) {
        boost::system::error_code error;
        const asio::ip::address address = asio::ip::make_address(text, error);
        if (error && !text.empty()) {
            asker_.usable = fail(
                ErrorKind::malformed,
                "\"" + text + "\" is not an address of a DNS server, or to ask one from"
            );
        }
        return error ? std::nullopt : std::optional{address};
    }

    Asker asker_;
};

}  // namespace

bool says_there_is_no_address(const Error& error) {
    return error.code == kNameMissing || error.code == kNoAddress;
}

std::unique_ptr<DnsClient> DnsClient::create(Io& io, Options options) {
    return std::make_unique<AsioDnsClient>(io, options);
}

}  // namespace farshore::net
