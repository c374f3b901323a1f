#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include "adapters/aws/client.h"
#include "adapters/net/task.h"
#include "adapters/system/system_clock.h"
#include "base/ids.h"
#include "base/text.h"

#include "aws_contract/served_lab.h"

// What the contract suite runs against: whatever the environment names (moto, a lab world, any
// other implementation of AWS's APIs; tools/contract_tests.py sets it up), and the lab's own
// services in this process when it names nothing.
namespace farshore::contract {

inline const RegionId kHome{"us-east-1"};
inline const RegionId kOther{"eu-west-1"};

inline std::string variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? "" : value;
}

// What the implementation cannot do, as tools/contract_tests.py lists it: such tests count as
// skipped.
inline bool lacks(std::string_view feature) {
    for (const std::string_view one : split(variable("FARSHORE_CONTRACT_LACKS"), ',')) {
        if (one == feature) {
            return true;
        }
    }
    return false;
}

// Unique in this run and in a world that lives on.
inline std::string unique(std::string_view stem) {
    static int count = 0;
    static const std::string run =
        std::to_string(to_ms(system::SystemClock{}.wall()) % 1'000'000'000) + "-" +
        std::to_string(::getpid());
    return std::string{stem} + "-" + run + "-" + std::to_string(++count);
}

class ServiceUnderTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(!lab_ || lab_->error().empty()) << lab_->error();
        aws::AwsClient::Options options = service_options();
        options.access.credentials_file = variable("FARSHORE_CONTRACT_CREDENTIALS");
        if (options.access.credentials_file.empty()) {
            options.fixed_credentials =
                lab_ ? ServedLab::credentials()
                     : sigv4::Credentials{
                           .access_key_id = "123456789012", .secret_access_key = "contract"
                       };
        }
        // A test server answers in milliseconds, but it shares this machine with a build.
        options.connect_timeout = std::chrono::seconds{5};
        client_ = aws::AwsClient::create(io_, clock_, std::move(options));
    }

    static void SetUpTestSuite() {
        if (variable("FARSHORE_CONTRACT_ROUTE53").empty()) {
            lab_ = std::make_unique<ServedLab>();
        }
    }

    static void TearDownTestSuite() { lab_.reset(); }

    // Where the service is; without credentials.
    static aws::AwsClient::Options service_options() {
        aws::AwsClient::Options options;
        if (lab_) {
            options.access.dynamodb[kHome] = lab_->dynamodb(kHome.value());
            options.access.dynamodb[kOther] = lab_->dynamodb(kOther.value());
            options.access.route53 = lab_->route53();
            return options;
        }
        options.access.dynamodb[kHome] = variable("FARSHORE_CONTRACT_DYNAMODB_US_EAST_1");
        options.access.dynamodb[kOther] = variable("FARSHORE_CONTRACT_DYNAMODB_EU_WEST_1");
        options.access.route53 = variable("FARSHORE_CONTRACT_ROUTE53");
        const auto resolver = wire::parse_address_port(variable("FARSHORE_CONTRACT_RESOLVER"));
        if (resolver) {
            options.access.resolvers = {*resolver};
        }
        options.access.source_address = variable("FARSHORE_CONTRACT_SOURCE_ADDRESS");
        return options;
    }

    template <class T>
    T run(net::Task<T> task) {
        std::optional<T> out;
        boost::asio::co_spawn(io_, std::move(task), [&](std::exception_ptr thrown, T value) {
            ASSERT_FALSE(thrown);
            out = std::move(value);
        });
        while (!out) {
            io_.restart();
            io_.run_one();
        }
        return *std::move(out);
    }

    static inline std::unique_ptr<ServedLab> lab_;
    net::Io io_{1};
    system::SystemClock clock_;
    std::unique_ptr<aws::AwsClient> client_;
};

}  // namespace farshore::contract
