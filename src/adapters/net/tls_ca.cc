#include "adapters/net/tls_ca.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <unistd.h>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/assert.h"

namespace farshore::net {

namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

constexpr long kTenYears = 3650L * 24 * 3600;
// A certificate made now must be valid on a machine whose clock is a little behind.
constexpr long kClockSlack = 3600;

Error tls_error(ErrorKind kind, const std::string& what) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    ERR_clear_error();
    return {.kind = kind, .text = what + ": " + text.data(), .remedy = {}, .code = {}};
}

Error file_error(const std::string& file, int error) {
    const bool full = error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE;
    return {
        .kind = full ? ErrorKind::exhausted : ErrorKind::denied,
        .text = "cannot write " + file + ": " + std::generic_category().message(error),
        .remedy = full ? "make room on the file system"
                       : "the directory must exist and be writable by this user",
        .code = {}
    };
}

// All or nothing: readers see the old file or the new one, also after a crash.
Status write_file(const std::string& file, const std::string& bytes, mode_t mode) {
    const std::string draft = file + ".new";
    ::unlink(draft.c_str());
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return std::unexpected(file_error(file, errno));
    }
    std::size_t written = 0;
    int error = 0;
    while (written < bytes.size() && error == 0) {
        const ssize_t count = ::write(fd, bytes.data() + written, bytes.size() - written);
        if (count >= 0) {
            written += static_cast<std::size_t>(count);
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    if (error == 0 && ::fsync(fd) != 0) {
        error = errno;
    }
    ::close(fd);
    if (error == 0 && ::rename(draft.c_str(), file.c_str()) != 0) {
        error = errno;
    }
    if (error != 0) {
        ::unlink(draft.c_str());
        return std::unexpected(file_error(file, error));
    }
    return {};
}

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

Result<CaFiles> write_pair(const std::string& stem, X509* certificate, EVP_PKEY* key) {
    const Bio certificate_text(BIO_new(BIO_s_mem()));
    const Bio key_text(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
        PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return std::unexpected(tls_error(ErrorKind::malformed, "encoding " + stem));
    }
    CaFiles files{.certificate_file = stem + ".pem", .key_file = stem + ".key"};
    const Status key_written = write_file(files.key_file, text_of(key_text.get()), 0600);
    if (!key_written) {
        return std::unexpected(key_written.error());
    }
    const Status certificate_written =
        write_file(files.certificate_file, text_of(certificate_text.get()), 0644);
    if (!certificate_written) {
        return std::unexpected(certificate_written.error());
    }
    return files;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) {
        return false;
    }
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

bool set_serial(X509* certificate) {
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        return false;
    }
    bytes[0] &= 0x7FU;  // positive
    BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
    const bool set = number != nullptr &&
                     BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    return set;
}

bool set_name(X509_NAME* name, const std::string& common_name) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.c_str());
    // X.509 bounds a common name at 64 characters.
    const int size = static_cast<int>(std::min<std::size_t>(common_name.size(), 64));
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, size, -1, 0) == 1;
}

// A certificate without issuer, extensions and signature.
Certificate blank_certificate(EVP_PKEY* key, const std::string& common_name) {
    Certificate certificate(X509_new());
    const bool made =
        certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
        set_serial(certificate.get()) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kClockSlack) != nullptr &&
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kTenYears) != nullptr &&
        set_name(X509_get_subject_name(certificate.get()), common_name) &&
        X509_set_pubkey(certificate.get(), key) == 1;
    return made ? std::move(certificate) : nullptr;
}

bool is_ip(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= 253 &&
           text.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*"
           ) == std::string::npos;
}

Result<std::string> alternative_names(const std::vector<std::string>& names_and_addresses) {
    if (names_and_addresses.empty()) {
        return fail(
            ErrorKind::malformed, "a server certificate needs at least one name or address"
        );
    }
    std::string list;
    for (const std::string& one : names_and_addresses) {
        if (!is_ip(one) && !is_name(one)) {
            return fail(
                ErrorKind::malformed, "\"" + one + "\" is neither a DNS name nor an IP address"
            );
        }
        list += (list.empty() ? "" : ",") + std::string{is_ip(one) ? "IP:" : "DNS:"} + one;
    }
    return list;
}

struct Authority {
    Certificate certificate;
    Key key;
};

Result<Authority> read_authority(const CaFiles& files) {
    const Bio certificate_file(BIO_new_file(files.certificate_file.c_str(), "r"));
    const Bio key_file(BIO_new_file(files.key_file.c_str(), "r"));
    if (!certificate_file || !key_file) {
        return std::unexpected(tls_error(
            ErrorKind::denied,
            "cannot read the CA's files " + files.certificate_file + ", " + files.key_file
        ));
    }
    Authority authority{
        .certificate =
            Certificate(PEM_read_bio_X509(certificate_file.get(), nullptr, nullptr, nullptr)),
        .key = Key(PEM_read_bio_PrivateKey(key_file.get(), nullptr, nullptr, nullptr))
    };
    if (!authority.certificate || !authority.key) {
        return std::unexpected(tls_error(ErrorKind::malformed, "the CA's files are not PEM"));
    }
    return authority;
}

}  // namespace

namespace {

// nullptr: OpenSSL's error queue says why.
Certificate self_signed(EVP_PKEY* key, const std::string& name) {
    Certificate certificate = key != nullptr ? blank_certificate(key, name) : nullptr;
    const bool made =
        certificate &&
        X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1 &&
        add_extension(
            certificate.get(),
            certificate.get(),
            NID_basic_constraints,
            "critical,CA:TRUE,pathlen:0"
        ) &&
        add_extension(
            certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign"
        ) &&
        add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash") &&
        X509_sign(certificate.get(), key, EVP_sha256()) > 0;
    return made ? std::move(certificate) : nullptr;
}

std::string common_name_of(X509* certificate) {
    std::array<char, 256> name{};
    const int size = X509_NAME_get_text_by_NID(
        X509_get_subject_name(certificate), NID_commonName, name.data(), name.size()
    );
    return {name.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::string text_of(const ASN1_STRING* string) {
    return {
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
        static_cast<std::size_t>(ASN1_STRING_length(string))
    };
}

std::string address_text(const std::string& bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
    const bool known = bytes.size() == sizeof(in_addr) || bytes.size() == sizeof(in6_addr);
    return known && inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr
               ? text.data()
               : "";
}

}  // namespace

Result<CaFiles> create_ca(const std::string& directory, const std::string& name) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate = self_signed(key.get(), name);
    if (!certificate) {
        return std::unexpected(tls_error(ErrorKind::malformed, "making the CA " + name));
    }
    return write_pair(
        (std::filesystem::path(directory) / "ca").string(), certificate.get(), key.get()
    );
}

Status renew_ca(const CaFiles& ca, bool new_key) {
    Result<Authority> old = read_authority(ca);
    if (!old) {
        return std::unexpected(old.error());
    }
    const Key key = new_key ? Key(EVP_EC_gen("P-256")) : std::move(old->key);
    const Certificate certificate = self_signed(key.get(), common_name_of(old->certificate.get()));
    const Bio text(BIO_new(BIO_s_mem()));
    const Bio key_text(BIO_new(BIO_s_mem()));
    const bool written =
        certificate && PEM_write_bio_X509(text.get(), certificate.get()) == 1 &&
        (!new_key || PEM_write_bio_X509(text.get(), old->certificate.get()) == 1) &&
        PEM_write_bio_PrivateKey(
            key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr
        ) == 1;
    if (!written) {
        return std::unexpected(tls_error(ErrorKind::malformed, "renewing the CA"));
    }
    // The certificates first: with them alone, what was issued before is still good.
    if (Status done = write_file(ca.certificate_file, text_of(text.get()), 0644); !done) {
        return done;
    }
    return write_file(ca.key_file, text_of(key_text.get()), 0600);
}

Result<std::vector<std::string>> certificate_names(const std::string& file) {
    const Bio bytes(BIO_new_file(file.c_str(), "r"));
    if (!bytes) {
        return std::unexpected(tls_error(ErrorKind::denied, "cannot read " + file));
    }
    const Certificate certificate(PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr));
    if (!certificate) {
        return std::unexpected(tls_error(ErrorKind::malformed, file + " is no PEM certificate"));
    }
    std::vector<std::string> names;
    auto* all = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)
    );
    for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS) {
            names.push_back(text_of(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            names.push_back(address_text(text_of(name->d.iPAddress)));
        }
    }
    GENERAL_NAMES_free(all);
    return names;
}

Result<CaFiles> issue_certificate(
    const CaFiles& ca,
    const std::string& directory,
    const std::string& name,
    const std::vector<std::string>& names_and_addresses
) {
    const Result<std::string> names = alternative_names(names_and_addresses);
    if (!names) {
        return std::unexpected(names.error());
    }
    const Result<Authority> authority = read_authority(ca);
    if (!authority) {
        return std::unexpected(authority.error());
    }
    X509* issuer = authority->certificate.get();
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate = key ? blank_certificate(key.get(), name) : nullptr;
    const bool made =
        certificate &&
        X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1 &&
        add_extension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate.get(), issuer, NID_key_usage, "critical,digitalSignature") &&
        add_extension(certificate.get(), issuer, NID_ext_key_usage, "serverAuth") &&
        add_extension(certificate.get(), issuer, NID_subject_key_identifier, "hash") &&
        add_extension(certificate.get(), issuer, NID_authority_key_identifier, "keyid") &&
        add_extension(certificate.get(), issuer, NID_subject_alt_name, *names) &&
        X509_sign(certificate.get(), authority->key.get(), EVP_sha256()) > 0;
    if (!made) {
        return std::unexpected(tls_error(ErrorKind::malformed, "making the certificate " + name));
    }
    return write_pair(
        (std::filesystem::path(directory) / name).string(), certificate.get(), key.get()
    );
}

}  // namespace farshore::net
