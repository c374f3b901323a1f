#include "controller/commands.h"

#include <algorithm>
#include <cctype>

#include <boost/json.hpp>

#include "adapters/net/child_process.h"

namespace farshore::controller {

namespace {

constexpr std::size_t kOutputMax = 2048;

// One line of printable text for the journal: the program may say anything.
std::string as_line(std::string_view said) {
    std::string line;
    for (const char letter : said) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool plain = byte >= 0x20 && byte < 0x7f;
        if (plain || (!line.empty() && line.back() != ' ')) {
            line += plain ? letter : ' ';
        }
    }
    while (!line.empty() && line.back() == ' ') {
        line.pop_back();
    }
    return line;
}

core::CommandEnd end_of(net::ProcessEnd::How how) {
    switch (how) {
        case net::ProcessEnd::How::exited: return core::CommandEnd::exited;
        case net::ProcessEnd::How::not_started: return core::CommandEnd::not_started;
        case net::ProcessEnd::How::timed_out: return core::CommandEnd::timed_out;
        case net::ProcessEnd::How::killed: return core::CommandEnd::killed;
    }
    std::unreachable();
}

}  // namespace

void Commands::run(const core::RunCommand& action) {
    running_[{action.step.operation, action.step.number}] =
        edge_.tasks.spawn("command", [this, action] { return carry_out(action); });
}

void Commands::stop(const core::StopCommand& action) {
    const auto found = running_.find({action.step.operation, action.step.number});
    if (found != running_.end()) {
        edge_.tasks.cancel(found->second);
        running_.erase(found);
    }
}

net::Task<> Commands::carry_out(core::RunCommand action) {
    net::ProcessRequest request{
        .run = action.run,
        .environment = {},
        .input = {},
        .timeout = action.timeout,
        .output_bytes_max = kOutputMax
    };
    boost::json::object values;
    for (const auto& [name, value] : action.values) {
        std::string variable = "FARSHORE_" + name;
        std::ranges::transform(variable, variable.begin(), [](unsigned char letter) {
            return static_cast<char>(std::toupper(letter));
        });
        request.environment.emplace_back(std::move(variable), value);
        values[name] = value;
    }
    request.input = boost::json::serialize(values) + "\n";
    const net::ProcessEnd end = co_await net::run_process(edge_.io, std::move(request));
    running_.erase({action.step.operation, action.step.number});
    edge_.deliver(core::CommandEnded{
        .step = action.step,
        .end = end_of(end.how),
        .status = end.status,
        .output = as_line(end.output)
    });
}

}  // namespace farshore::controller
