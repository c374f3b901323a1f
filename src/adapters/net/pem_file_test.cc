#include "adapters/net/pem_file.h"

#include <fstream>

#include "adapters/net/net_test_world.h"
#include "adapters/net/tls_ca.h"
#include "base/text_file.h"

namespace farshore::net {
namespace {

class PemFiles : public ::testing::Test {
  protected:
    PemFiles() : ca_(create_ca(directory_.path(), "ca")) {}

    [[nodiscard]] std::string contents(const std::string& path) const {
        return read_text_file(path, {}).value_or("");
    }

    [[nodiscard]] std::string written(const std::string& text) const {
        const std::string path = directory_.path() + "/written.pem";
        std::ofstream{path, std::ios::binary} << text;
        return path;
    }

    static void refused(const Status& checked, std::string_view why) {
        ASSERT_FALSE(checked) << why;
        EXPECT_EQ(checked.error().kind, ErrorKind::malformed);
        EXPECT_NE(checked.error().text.find(why), std::string::npos) << checked.error().text;
        EXPECT_TRUE(checked.error().text.starts_with("the file ")) << checked.error().text;
        EXPECT_FALSE(checked.error().remedy.empty());
    }

    testing::TempDirectory directory_;
    Result<CaFiles> ca_;
};

TEST_F(PemFiles, CertificatesAndKeysOfAnyEditorAreAccepted) {
    ASSERT_TRUE(ca_) << ca_.error().text;
    const std::string certificate = contents(ca_->certificate_file);
    EXPECT_TRUE(check_certificates(ca_->certificate_file, "the file"));
    EXPECT_TRUE(check_certificates(written("# ours\r\n" + certificate + certificate), "the file"));
    EXPECT_TRUE(check_private_key(ca_->key_file, "the file"));
}

// A TLS library takes what it understands, and says nothing of the rest.
TEST_F(PemFiles, WhatATlsLibraryWouldSkipIsSaid) {
    ASSERT_TRUE(ca_) << ca_.error().text;
    const std::string certificate = contents(ca_->certificate_file);
    refused(
        check_certificates(written("\xEF\xBB\xBF" + certificate), "the file"), "byte order mark"
    );
    std::string damaged = certificate;
    damaged.erase(damaged.size() / 2, 1);
    refused(check_certificates(written(certificate + damaged), "the file"), "number 2 of 2");
    refused(check_certificates(written(damaged + certificate), "the file"), "number 1 of 2");
}

TEST_F(PemFiles, WhatIsNoneIsSaidToBeNone) {
    ASSERT_TRUE(ca_) << ca_.error().text;
    refused(check_certificates(written("certificates, one day\n"), "the file"), "no certificate");
    refused(check_certificates(ca_->key_file, "the file"), "no certificate");
    refused(check_private_key(ca_->certificate_file, "the file"), "no private key");
    refused(check_certificates(directory_.path(), "the file"), "is a directory");
    refused(check_private_key(written(""), "the file"), "is empty");
}

}  // namespace
}  // namespace farshore::net
