#include "dataplane/load.h"

#include <optional>

namespace farshore::dataplane::test {

Load::Load(std::uint16_t port, int clients) : outcomes_(static_cast<std::size_t>(clients)) {
    for (int client = 0; client < clients; ++client) {
        threads_.emplace_back([this, client, port] { run(client, port); });
    }
}

Load::~Load() {
    finish();
}

void Load::run(int client, std::uint16_t port) {
    std::optional<Application> app;
    for (int sequence = 0; !stopping_; ++sequence) {
        if (!app) {
            app.emplace(port);
        }
        const std::string id = std::to_string(client) + "-" + std::to_string(sequence);
        const auto began = std::chrono::steady_clock::now();
        const auto answer =
            app->call("PutItem", R"({"TableName":"t","Item":{"id":{"S":")" + id + R"("}}})");
        outcomes_[static_cast<std::size_t>(client)].push_back({
            .id = id,
            .status = answer ? answer->status : 0,
            .body = answer ? answer->body : "",
            .took = std::chrono::steady_clock::now() - began,
        });
        ++answered_;
        if (!answer || answer->header("connection") == "close") {
            app.reset();
        }
    }
}

bool Load::proceed(std::uint64_t more) const {
    const std::uint64_t wanted = answered_ + more;
    return eventually([this, wanted] { return answered_ >= wanted; });
}

std::vector<Load::Outcome> Load::finish() {
    stopping_ = true;
    std::vector<Outcome> all;
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
    for (std::vector<Outcome>& outcomes : outcomes_) {
        all.insert(all.end(), outcomes.begin(), outcomes.end());
        outcomes.clear();
    }
    return all;
}

std::string id_of(const Received& request) {
    constexpr std::string_view kBefore = R"({"S":")";
    const std::size_t start = request.body.find(kBefore) + kBefore.size();
    return request.body.substr(start, request.body.find('"', start) - start);
}

}  // namespace farshore::dataplane::test
