#include "adapters/net/pem_file.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text_file.h"

namespace farshore::net {

namespace {

// Some systems' stores of certificates are longer than a megabyte.
constexpr std::size_t kFileBytesMax = std::size_t{8} << 20U;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::unexpected<Error> wrong(
    std::string_view what, const std::string& path, std::string_view text, std::string_view remedy
) {
    return fail(
        ErrorKind::malformed,
        std::string{what} + " " + path + " " + std::string{text},
        std::string{remedy}
    );
}

// TLS libraries look for a block's begin at the begin of a line, which a byte order mark is not.
Result<std::string> pem_text(
    const std::string& path, std::string_view what, std::string_view remedy
) {
    return read_text_file(
        path,
        {.what = what, .remedy = remedy, .bytes_max = kFileBytesMax, .may_begin_with_mark = false}
    );
}

Bio bio_of(const std::string& text) {
    return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free_all};
}

// No passphrase is ever asked for on a terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*nothing*/) {
    return 0;
}

}  // namespace

Status check_certificates(const std::string& path, std::string_view what) {
    constexpr std::string_view kRemedy =
        "give PEM: -----BEGIN CERTIFICATE-----, lines of base64, -----END CERTIFICATE-----";
    const Result<std::string> text = pem_text(path, what, kRemedy);
    if (!text) {
        return std::unexpected(text.error());
    }
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
    std::size_t written = 0;
    for (std::size_t at = text->find(kBegin); at != std::string::npos;
         at = text->find(kBegin, at + 1)) {
        ++written;
    }
    const Bio bio = bio_of(*text);
    std::size_t seen = 0;
    while (Certificate{PEM_read_bio_X509(bio.get(), nullptr, &no_passphrase, nullptr), &X509_free}
    ) {
        ++seen;
    }
    ERR_clear_error();
    if (seen < written) {
        const std::string which = std::to_string(seen + 1) + " of " + std::to_string(written);
        return wrong(what, path, "has a damaged certificate, number " + which, kRemedy);
    }
    return seen == 0 ? wrong(what, path, "holds no certificate", kRemedy) : Status{};
}

Status check_private_key(const std::string& path, std::string_view what) {
    constexpr std::string_view kRemedy =
        "give PEM without a passphrase: -----BEGIN PRIVATE KEY-----, lines of base64, "
        "-----END PRIVATE KEY-----";
    const Result<std::string> text = pem_text(path, what, kRemedy);
    if (!text) {
        return std::unexpected(text.error());
    }
    const Bio bio = bio_of(*text);
    const Key key{
        PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr), &EVP_PKEY_free
    };
    ERR_clear_error();
    if (!key) {
        return wrong(
            what,
            path,
            text->contains("ENCRYPTED") ? "holds a private key with a passphrase"
                                        : "holds no private key",
            kRemedy
        );
    }
    return {};
}

}  // namespace farshore::net
