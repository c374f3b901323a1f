#include "adapters/net/dns_client.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <openssl/rand.h>

#include "adapters/net/asio_types.h"
#include "base/assert.h"
#include "base/text.h"

namespace farshore::net {

namespace asio = boost::asio;

namespace {

constexpr std::uint16_t kUdpBytes = 1232;  // fits an unfragmented packet everywhere
constexpr int kChainMax = 8;               // CNAMEs that are followed within one answer

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

bool answers_question(const dns::Message& answer, const dns::Message& question) {
    return answer.response && answer.id == question.id && answer.opcode == question.opcode &&
           answer.questions.size() == 1 && answer.questions[0].name == question.questions[0].name &&
           answer.questions[0].type == question.questions[0].type &&
           answer.questions[0].klass == question.questions[0].klass;
}

struct Server {
    asio::ip::address address;
    std::uint16_t port = 0;
    std::optional<asio::ip::address> source;
};

Error no_answer(ErrorKind kind, std::string text) {
    return {.kind = kind, .text = std::move(text), .remedy = {}, .code = {}};
}

Error no_address(std::string_view code, std::string text, std::string remedy = {}) {
    return {
        .kind = code == kNameMissing ? ErrorKind::not_found : ErrorKind::unavailable,
        .text = std::move(text),
        .remedy = std::move(remedy),
        .code = std::string{code}
    };
}

Error network_error(const boost::system::error_code& error, Timer::time_point deadline) {
    if (std::chrono::steady_clock::now() >= deadline) {
        return no_answer(ErrorKind::timed_out, "no answer in time");
    }
    if (error == asio::error::operation_aborted) {
        return no_answer(ErrorKind::cancelled, "given up by the caller");
    }
    return no_answer(ErrorKind::unavailable, error.message());
}

Task<Result<dns::Message>> ask_udp(
    Io* io, Server server, dns::Message question, Timer::time_point deadline
) {
    // A new socket for each question: its random port is as good a secret as the id.
    UdpSocket socket(io->get_executor());
    boost::system::error_code error;
    const asio::ip::udp::endpoint where(server.address, server.port);
    socket.open(where.protocol(), error);
    if (!error && server.source) {
        socket.bind({*server.source, 0}, error);
    }
    if (!error) {
        socket.connect(where, error);
    }
    if (error) {
        co_return std::unexpected(no_answer(ErrorKind::unavailable, error.message()));
    }
    const ClosesAt<UdpSocket> guard(socket, deadline);
    const std::vector<std::uint8_t> bytes = dns::encode(question);
    auto [send_error, sent] = co_await socket.async_send(asio::buffer(bytes), kAwait);
    if (send_error) {
        co_return std::unexpected(network_error(send_error, deadline));
    }
    std::array<std::uint8_t, 4096> buffer{};
    while (true) {
        auto [receive_error, count] = co_await socket.async_receive(asio::buffer(buffer), kAwait);
        if (receive_error) {
            co_return std::unexpected(network_error(receive_error, deadline));
        }
        Result<dns::Message> answer =
            dns::decode(std::span<const std::uint8_t>(buffer).first(count));
        // Whatever does not answer our question may be forged or late: we go on waiting.
        if (answer && answers_question(*answer, question)) {
            co_return answer;
        }
    }
}

Task<Result<dns::Message>> ask_tcp(
    Io* io, Server server, dns::Message question, Timer::time_point deadline
) {
    TcpSocket socket(io->get_executor());
    boost::system::error_code error;
    const asio::ip::tcp::endpoint where(server.address, server.port);
    socket.open(where.protocol(), error);
    if (!error && server.source) {
        socket.bind({*server.source, 0}, error);
    }
    if (error) {
        co_return std::unexpected(no_answer(ErrorKind::unavailable, error.message()));
    }
    const ClosesAt<TcpSocket> guard(socket, deadline);
    auto [connect_error] = co_await socket.async_connect(where, kAwait);
    if (connect_error) {
        co_return std::unexpected(network_error(connect_error, deadline));
    }
    std::vector<std::uint8_t> bytes = dns::encode(question);
    const std::array<std::uint8_t, 2> length{
        static_cast<std::uint8_t>(bytes.size() >> 8U),
        static_cast<std::uint8_t>(bytes.size() & 0xFFU)
    };
    bytes.insert(bytes.begin(), length.begin(), length.end());
    auto [send_error, sent] = co_await asio::async_write(socket, asio::buffer(bytes), kAwait);
    if (send_error) {
        co_return std::unexpected(network_error(send_error, deadline));
    }
    std::array<std::uint8_t, 2> head{};
    auto [head_error, head_count] = co_await asio::async_read(socket, asio::buffer(head), kAwait);
    if (head_error) {
        co_return std::unexpected(network_error(head_error, deadline));
    }
    std::vector<std::uint8_t> body(static_cast<std::size_t>((head[0] << 8U) | head[1]));
    auto [body_error, body_count] = co_await asio::async_read(socket, asio::buffer(body), kAwait);
    if (body_error) {
        co_return std::unexpected(network_error(body_error, deadline));
    }
    Result<dns::Message> answer = dns::decode(body);
    if (answer && !answers_question(*answer, question)) {
        co_return std::unexpected(
            no_answer(ErrorKind::unavailable, "the answer is not to our question")
        );
    }
    if (!answer) {
        co_return std::unexpected(no_answer(ErrorKind::unavailable, answer.error().text));
    }
    co_return answer;
}

struct Asker {
    Io* io = nullptr;
    Server server;
    Duration timeout{};
    int attempts_max = 1;
    Status usable;  // what is wrong with the options
};

// An answer, of whatever response code, or the last attempt's error.
Task<Result<dns::Message>> ask_server(Asker asker, std::string name, std::uint16_t type) {
    const Status valid = asker.usable ? check_name(name) : asker.usable;
    if (!valid) {
        co_return std::unexpected(valid.error());
    }
    Result<dns::Message> answer = fail(ErrorKind::timed_out, "no attempt allowed");
    for (int attempt = 0; attempt < asker.attempts_max; ++attempt) {
        dns::Message question;
        question.id = random_id();
        question.recursion_desired = true;
        question.questions.push_back({.name = name, .type = type});
        question.edns_udp_size = kUdpBytes;
        const Timer::time_point deadline = std::chrono::steady_clock::now() + asker.timeout;
        answer = co_await ask_udp(asker.io, asker.server, question, deadline);
        if (answer && answer->truncated) {
            answer = co_await ask_tcp(asker.io, asker.server, question, deadline);
        }
        const auto state = co_await asio::this_coro::cancellation_state;
        if (answer || state.cancelled() != asio::cancellation_type::none) {
            co_return answer;
        }
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
    const Result<dns::Message> answer =
        co_await ask_server(std::move(asker), name, std::to_underlying(dns::Type::a));
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
        boost::system::error_code error;
        asker_.io = &io;
        asker_.server.address = asio::ip::make_address(options.server_address, error);
        asker_.server.port = options.server_port;
        asker_.timeout = options.timeout;
        asker_.attempts_max = options.attempts_max;
        if (error) {
            asker_.usable = fail(
                ErrorKind::malformed,
                "\"" + options.server_address + "\" is not a DNS server's address"
            );
        }
        if (!options.source_address.empty()) {
            asker_.server.source = asio::ip::make_address(options.source_address, error);
        }
        if (error && asker_.usable) {
            asker_.usable = fail(
                ErrorKind::malformed,
                "\"" + options.source_address + "\" is not an address to ask from"
            );
        }
    }

    Task<Result<DnsAnswer>> resolve(std::string name) override {
        return resolve_with(asker_, plain_name(name));
    }

    Task<Result<dns::Message>> ask(std::string name, dns::Type type) override {
        return ask_server(asker_, plain_name(name), std::to_underlying(type));
    }

  private:
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
