#include "adapters/net/tls_ca.h"

#include <filesystem>

#include "adapters/net/http_client.h"
#include "adapters/net/net_test_world.h"

// The renewal of a CA and of a certificate while a server runs.
namespace farshore::net {
namespace {

using testing::TempDirectory;
using testing::World;
namespace fs = std::filesystem;

Task<HttpResponse> answer(HttpRequest) {
    co_return HttpResponse::text(200, "ok");
}

class TlsCaRenewal : public ::testing::Test {
  protected:
    TlsCaRenewal() {
        auto made = create_ca(directory.path(), "an installation");
        EXPECT_TRUE(made) << made.error().text;
        ca = *made;
        issue();
        HttpServer::Options options;
        options.tls = ServerTls{
            .certificate_file = certificate.certificate_file, .key_file = certificate.key_file
        };
        server = world.serve(answer, options);
    }

    ~TlsCaRenewal() override { world.stop(*server); }

    void issue() {
        auto issued = issue_certificate(ca, directory.path(), "controller", names);
        EXPECT_TRUE(issued) << issued.error().text;
        certificate = *issued;
    }

    // The CA's file as it is now, as a person or an agent got it.
    [[nodiscard]] std::string copy(const std::string& name) const {
        const std::string to = directory.path() + "/" + name;
        fs::copy_file(ca.certificate_file, to);
        return to;
    }

    // Does a program with that CA file trust the server, on a connection of its own?
    [[nodiscard]] bool trusts(const std::string& ca_file) {
        const auto client = HttpClient::create(world.io, {.ca_file = ca_file});
        std::function<Task<Result<HttpReply>>()> start = [&] {
            return client->fetch(
                {.url = "https://127.0.0.1:" + std::to_string(server->port()) + "/"}
            );
        };
        return world.wait_for(start).has_value();
    }

    const std::vector<std::string> names{"controller.example", "127.0.0.1", "::1"};
    TempDirectory directory;
    World world;
    CaFiles ca;
    CaFiles certificate;
    std::unique_ptr<HttpServer> server;
};

TEST_F(TlsCaRenewal, ACertificateKeepsItsNames) {
    const auto found = certificate_names(certificate.certificate_file);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(*found, names);
    EXPECT_EQ(certificate_names(certificate.key_file).error().kind, ErrorKind::malformed);
    EXPECT_EQ(certificate_names(directory.path() + "/none").error().kind, ErrorKind::denied);
}

TEST_F(TlsCaRenewal, OfTheSameKeyChangesNothingForThoseWhoHaveTheOldFile) {
    const std::string old = copy("old.pem");
    ASSERT_TRUE(renew_ca(ca, false));
    EXPECT_TRUE(trusts(old));
    EXPECT_TRUE(trusts(ca.certificate_file));
    issue();
    ASSERT_TRUE(server->reload_tls());
    EXPECT_TRUE(trusts(old));
    EXPECT_TRUE(trusts(ca.certificate_file));
}

TEST_F(TlsCaRenewal, WithAnotherKeyTheFileLeadsToBothUntilTheOldOneIsLeftOut) {
    const std::string old = copy("old.pem");
    ASSERT_TRUE(renew_ca(ca, true));
    const std::string both = copy("both.pem");
    EXPECT_TRUE(trusts(both)) << "the certificate of the old key";
    issue();
    EXPECT_TRUE(trusts(both));
    EXPECT_TRUE(trusts(old)) << "the server has not read it yet";
    ASSERT_TRUE(server->reload_tls());
    EXPECT_TRUE(trusts(both)) << "the certificate of the new key";
    EXPECT_FALSE(trusts(old));
    ASSERT_TRUE(renew_ca(ca, false));
    EXPECT_TRUE(trusts(ca.certificate_file));
    EXPECT_LT(fs::file_size(ca.certificate_file), fs::file_size(both));
}

TEST_F(TlsCaRenewal, AServerKeepsItsCertificateWhenTheNewOneIsDamaged) {
    fs::resize_file(certificate.certificate_file, 100);
    EXPECT_FALSE(server->reload_tls());
    EXPECT_TRUE(trusts(ca.certificate_file));
}

}  // namespace
}  // namespace farshore::net
