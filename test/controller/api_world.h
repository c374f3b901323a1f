#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "controller/controller_world.h"

namespace farshore::controller::testing {

// A controller asked through its API, with its audit.
class ApiTest : public ControllerTest {
  protected:
    // Audit rows, newest first, as "who: what: detail".
    std::vector<std::string> audit() {
        std::vector<std::string> rows;
        const json::object document = this->document("/v1/audit");
        for (const json::value& row : document.at("entries").as_array()) {
            rows.push_back(
                std::string{row.at("who").as_string()} + ": " +
                std::string{row.at("what").as_string()} + ": " +
                std::string{row.at("detail").as_string()}
            );
        }
        return rows;
    }

    bool audited(const std::string& beginning) {
        return std::ranges::any_of(audit(), [&](const std::string& row) {
            return row.starts_with(beginning);
        });
    }

    std::string begin(const std::string& verb, const std::string& body) {
        const net::HttpReply started = post("/v1/apps/magento/" + verb, body);
        EXPECT_EQ(started.status, 202) << started.body;
        return std::string{json::parse(started.body).as_object().at("id").as_string()};
    }

    net::Task<net::HttpReply> call_with(
        std::string method, std::string path, net::HttpHeader header
    ) {
        net::HttpCall request;
        request.method = std::move(method);
        request.url = url() + path;
        request.headers = {{.name = "Authorization", .value = "Bearer viewer"}, std::move(header)};
        const Result<net::HttpReply> reply = co_await http->fetch(request);
        co_return reply.value_or(net::HttpReply{});
    }

    int status_with(const std::string& method, const std::string& path, net::HttpHeader header) {
        const std::function<net::Task<net::HttpReply>()> start = [=, this] {
            return call_with(method, path, header);
        };
        return world.wait_for<net::HttpReply>(start).status;
    }

    void two_hosts() {
        launch();
        agent("use1-web-1", kEast);
        agent("euw1-web-1", kWest);
        ASSERT_TRUE(wait_for_plan("switchover"));
    }
};

}  // namespace farshore::controller::testing
