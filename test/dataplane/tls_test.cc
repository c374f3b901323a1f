#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "dataplane/world.h"

// Regions behind TLS.
namespace farshore::dataplane::test {

namespace {

// A certificate that is its own authority, for one name.
class OwnCertificate {
  public:
    explicit OwnCertificate(const std::string& name)
        : key_(EVP_EC_gen("P-256")),
          certificate_(X509_new()),
          context_(SSL_CTX_new(TLS_server_method())) {
        X509_set_version(certificate_, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
        X509_set_pubkey(certificate_, key_);
        X509_NAME* subject = X509_get_subject_name(certificate_);
        const auto* text = reinterpret_cast<const unsigned char*>("test");
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
        X509_set_issuer_name(certificate_, subject);
        add_extension(NID_basic_constraints, "critical,CA:TRUE");
        add_extension(NID_subject_alt_name, "DNS:" + name);
        X509_sign(certificate_, key_, EVP_sha256());
        SSL_CTX_use_certificate(context_, certificate_);
        SSL_CTX_use_PrivateKey(context_, key_);
        std::string directory = ::testing::TempDir() + "farshore-dp-XXXXXX";
        EXPECT_NE(::mkdtemp(directory.data()), nullptr);
        path_ = directory + "/ca.pem";
        FILE* file = std::fopen(path_.c_str(), "w");
        PEM_write_X509(file, certificate_);
        std::fclose(file);
    }

    ~OwnCertificate() {
        SSL_CTX_free(context_);
        X509_free(certificate_);
        EVP_PKEY_free(key_);
    }

    OwnCertificate(const OwnCertificate&) = delete;
    OwnCertificate& operator=(const OwnCertificate&) = delete;

    [[nodiscard]] SSL_CTX* context() const { return context_; }

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    void add_extension(int kind, const std::string& value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
        X509_add_ext(certificate_, extension, -1);
        X509_EXTENSION_free(extension);
    }

    EVP_PKEY* key_;
    X509* certificate_;
    SSL_CTX* context_;
    std::string path_;
};

class Tls : public World {
  protected:
    void start_tls(FakeRegion& region, const std::string& host) {
        start([&](Endpoint::Options& options) {
            options.tls_ca_file = certificate.path();
            options.limits.probe_interval = std::chrono::hours{1};
            options.regions[0] = {
                .region = kEast,
                .tls = true,
                .host = host,
                .port = region.port(),
                .addresses = {"127.0.0.1"}
            };
        });
    }

    OwnCertificate certificate{"dynamodb.us-east-1.test"};
};

constexpr std::string_view kPut = R"({"TableName":"t","Item":{"id":{"S":"k"}}})";

}  // namespace

TEST_F(Tls, RequestsOfAllSizesPass) {
    FakeRegion region({.address = "127.0.0.1", .tls = certificate.context()});
    const auto large = std::make_shared<const std::string>(2'000'000, 'z');
    region.answer_with([large](const Received& request) {
        return Reply{.body = request.target.ends_with("Query") ? *large : "{}"};
    });
    start_tls(region, "dynamodb.us-east-1.test");
    Application app = application();
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(app.call("PutItem", kPut)->status, 200);
    }
    EXPECT_EQ(
        app.call("BatchWriteItem", "{\"a\":\"" + std::string(5'000'000, 'x') + "\"}")->status, 200
    );
    EXPECT_TRUE(app.call("Query", "{}")->body == *large);
    EXPECT_EQ(region.received().size(), 102U);
    EXPECT_LE(region.connections(), 5U);
}

TEST_F(Tls, WrongNameIsNotTrusted) {
    FakeRegion region({.address = "127.0.0.1", .tls = certificate.context()});
    start_tls(region, "dynamodb.eu-west-1.test");
    Application app = application();
    const auto answer = app.call("PutItem", kPut);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_TRUE(endpoint->statistics().regions[0].last_error.contains("TLS"));
    EXPECT_EQ(region.count(), 0U);
}

TEST_F(Tls, UnknownAuthorityIsNotTrusted) {
    const OwnCertificate other{"dynamodb.us-east-1.test"};
    FakeRegion region({.address = "127.0.0.1", .tls = other.context()});
    start_tls(region, "dynamodb.us-east-1.test");
    Application app = application();
    EXPECT_EQ(app.call("PutItem", kPut)->status, 503);
    EXPECT_EQ(region.count(), 0U);
}

TEST_F(Tls, FenceCutsAndConnectionsFoundClosedCostNothing) {
    FakeRegion region({.address = "127.0.0.1", .tls = certificate.context()});
    start_tls(region, "dynamodb.us-east-1.test");
    Application app = application();
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(eventually([&] {
            return endpoint->statistics().regions[0].connections_idle >= 2;
        }));
        region.drop_connections();
        const auto answer = app.call("GetItem", "{}");
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->status, 200) << answer->body;
    }
    region.answer_with([](const Received& request) {
        return Reply{.hang = request.target.ends_with("PutItem")};
    });
    ASSERT_TRUE(app.send(request_text("PutItem", kPut)));
    ASSERT_TRUE(eventually([&] { return endpoint->statistics().in_flight_writes == 1; }));
    EXPECT_EQ(fence(2, std::chrono::milliseconds{20}).cut, 1U);
    EXPECT_EQ(app.read()->status, 503);
}

}  // namespace farshore::dataplane::test
