#include "adapters/net/dns_exchange.h"

#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace farshore::net {

namespace asio = boost::asio;

namespace {

Error no_answer(ErrorKind kind, std::string text) {
    return {.kind = kind, .text = std::move(text), .remedy = {}, .code = {}};
}

bool answers_question(const dns::Message& answer, const dns::Message& question) {
    // A server that cannot read a question cannot repeat it.
    if (refuses_the_form(answer) && answer.questions.empty()) {
        return answer.response && answer.id == question.id;
    }
    return answer.response && answer.id == question.id && answer.opcode == question.opcode &&
           answer.questions.size() == 1 && answer.questions[0].name == question.questions[0].name &&
           answer.questions[0].type == question.questions[0].type &&
           answer.questions[0].klass == question.questions[0].klass;
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

}  // namespace

bool refuses_the_form(const dns::Message& answer) {
    return answer.rcode == dns::Rcode::format_error || answer.rcode == dns::Rcode::not_implemented;
}

Task<Result<dns::Message>> ask_udp(
    Io* io, DnsServer server, dns::Message question, Timer::time_point deadline
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
    Io* io, DnsServer server, dns::Message question, Timer::time_point deadline
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

}  // namespace farshore::net
