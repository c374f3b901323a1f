#include "sigv4/signer.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"

namespace farshore::sigv4 {
namespace {

namespace fs = std::filesystem;

const fs::path kVectors = fs::path{FARSHORE_SOURCE_DIR} / "test/data/sigv4";

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// The value of a string member in the flat context.json of a vector.
std::string member(const std::string& json, const std::string& name) {
    const std::size_t at = json.find('"' + name + '"');
    if (at == std::string::npos) {
        return {};
    }
    const std::size_t open = json.find('"', json.find(':', at));
    return json.substr(open + 1, json.find('"', open + 1) - open - 1);
}

bool flag(const std::string& json, const std::string& name) {
    const std::size_t at = json.find('"' + name + '"');
    return at != std::string::npos &&
           json.compare(json.find_first_not_of(" :", at + name.size() + 2), 4, "true") == 0;
}

struct Vector {
    std::string method;
    std::string path;
    std::string query;
    std::vector<Header> headers;
    std::string body;
};

Vector parse_request(const std::string& text) {
    Vector out;
    const std::size_t blank = text.find("\n\n");
    const std::string head = text.substr(0, blank);
    if (blank != std::string::npos) {
        out.body = text.substr(blank + 2);
    }
    std::istringstream lines(head);
    std::string line;
    std::getline(lines, line);
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    out.method = line.substr(0, first);
    const std::string target = line.substr(first + 1, last - first - 1);
    out.path = target.substr(0, target.find('?'));
    out.query = target.contains('?') ? target.substr(target.find('?') + 1) : "";
    while (std::getline(lines, line)) {
        if (line.starts_with(' ') && !out.headers.empty()) {
            out.headers.back().value += "\n" + line;
            continue;
        }
        const std::size_t colon = line.find(':');
        out.headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
    }
    return out;
}

std::string basic_date(const std::string& iso) {
    std::string out;
    std::ranges::copy_if(iso, std::back_inserter(out), [](char c) { return c != '-' && c != ':'; });
    return out;
}

std::vector<fs::path> vector_directories() {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(kVectors)) {
        if (fs::exists(entry.path() / "context.json")) {
            out.push_back(entry.path());
        }
    }
    std::ranges::sort(out);
    return out;
}

TEST(SigV4, AgreesWithEveryPublishedVector) {
    const auto directories = vector_directories();
    ASSERT_GE(directories.size(), 37U);
    Signer signer;
    for (const fs::path& directory : directories) {
        SCOPED_TRACE(directory.filename().string());
        const std::string context = read_file(directory / "context.json");
        Vector vector = parse_request(read_file(directory / "request.txt"));
        const bool sign_body = flag(context, "sign_body");
        const std::string hash = sha256_hex(vector.body);
        const Credentials credentials{
            .access_key_id = member(context, "access_key_id"),
            .secret_access_key = member(context, "secret_access_key"),
            .session_token = member(context, "token"),
            .expires = std::nullopt
        };
        vector.headers.push_back({"X-Amz-Date", basic_date(member(context, "timestamp"))});
        if (!credentials.session_token.empty() && !flag(context, "omit_session_token")) {
            vector.headers.push_back({"X-Amz-Security-Token", credentials.session_token});
        }
        if (sign_body) {
            vector.headers.push_back({"x-amz-content-sha256", hash});
        }
        const Request request{
            .method = vector.method,
            .path = vector.path,
            .query = vector.query,
            .headers = vector.headers,
            .payload_hash = hash
        };
        const bool normalise = flag(context, "normalize");
        EXPECT_EQ(
            canonical_request(request, normalise),
            read_file(directory / "header-canonical-request.txt")
        );
        const Scope scope{
            .region = member(context, "region"), .service = member(context, "service")
        };
        const std::string authorization =
            signer.authorization(request, credentials, scope, normalise);
        const auto parsed = parse_authorization(authorization);
        ASSERT_TRUE(parsed);
        EXPECT_EQ(parsed->signature, read_file(directory / "header-signature.txt"));
        EXPECT_TRUE(read_file(directory / "header-signed-request.txt").contains(authorization))
            << authorization;
    }
}

TEST(SigV4, EncodesAPathThatIsEncodedAlreadyOnceMore) {
    const std::vector<Header> headers{{"Host", "h"}};
    const Request request{
        .method = "POST",
        .path = "/functions/arn%3Aaws%3Alambda/@me",
        .query = "",
        .headers = headers,
        .payload_hash = "x"
    };
    EXPECT_TRUE(
        canonical_request(request).starts_with("POST\n/functions/arn%253Aaws%253Alambda/%40me\n")
    );
    EXPECT_TRUE(
        canonical_request(request, false).starts_with("POST\n/functions/arn%3Aaws%3Alambda/%40me\n")
    );
}

TEST(SigV4, SortsAQueryByEncodedNameThenValue) {
    const std::vector<Header> headers{{"Host", "h"}};
    const Request request{
        .method = "GET",
        .path = "/",
        .query = "type=A&name=b.example&maxitems=1&name=a%2fb&v&&bad=%zz",
        .headers = headers,
        .payload_hash = "x"
    };
    EXPECT_TRUE(canonical_request(request).starts_with(
        "GET\n/\nbad=%25zz&maxitems=1&name=a%2Fb&name=b.example&type=A&v=\n"
    ));
}

TEST(SigV4, GivesTheSameSignatureFromACachedKeyAndANewOne) {
    const std::vector<Header> headers{{"host", "h"}, {"x-amz-date", "20261123T130509Z"}};
    const Request request{
        .method = "GET", .path = "/", .query = "", .headers = headers, .payload_hash = "x"
    };
    const Credentials old_keys{.access_key_id = "A", .secret_access_key = "old"};
    const Credentials new_keys{.access_key_id = "A", .secret_access_key = "new"};
    Signer used;
    const std::string first = used.authorization(request, old_keys, {"us-east-1", "dynamodb"});
    EXPECT_EQ(used.authorization(request, old_keys, {"us-east-1", "dynamodb"}), first);
    // More scopes than are kept, so that the first is derived again.
    for (int i = 0; i < 100; ++i) {
        EXPECT_NE(
            used.authorization(request, old_keys, {"region-" + std::to_string(i), "dynamodb"}),
            first
        );
    }
    EXPECT_EQ(used.authorization(request, old_keys, {"us-east-1", "dynamodb"}), first);
    EXPECT_NE(used.authorization(request, new_keys, {"us-east-1", "dynamodb"}), first);
    Signer moved = std::move(used);
    EXPECT_EQ(moved.authorization(request, old_keys, {"us-east-1", "dynamodb"}), first);
}

// --- verify
// -----------------------------------------------------------------------------------------

const UtcTime kNow = utc_from_ms(1'795'439'109'000);  // 2026-11-23T13:05:09Z

struct Signed {
    std::vector<Header> headers;
    std::string hash = sha256_hex("{}");

    [[nodiscard]] Request request() const {
        return {
            .method = "POST", .path = "/", .query = "", .headers = headers, .payload_hash = hash
        };
    }
};

const Credentials kKeys{
    .access_key_id = "AKID/WITH/SLASHES",
    .secret_access_key = "secret",
    .session_token = "token",
    .expires = std::nullopt
};

Signed sign_now(UtcTime at = kNow) {
    Signed out;
    out.headers = {
        {"Host", "dynamodb.us-east-1.amazonaws.com"},
        {"X-Amz-Date", to_amz_date(at)},
        {"X-Amz-Security-Token", "token"},
        {"X-Amz-Target", "DynamoDB_20120810.GetItem"}
    };
    Signer signer;
    const std::string authorization =
        signer.authorization(out.request(), kKeys, {"us-east-1", "dynamodb"});
    // What a proxy adds and what the client did not list is no part of the signature.
    out.headers.push_back({"User-Agent", "test"});
    out.headers.push_back({"Authorization", authorization});
    return out;
}

std::string code_of(const Signed& sent, UtcTime now = kNow) {
    const auto verified = verify(sent.request(), std::span{&kKeys, 1}, now);
    return verified ? "ok" : verified.error().code;
}

std::string& value(Signed& sent, const std::string& name) {
    return std::ranges::find_if(
               sent.headers, [&](const Header& h) { return h.name == name; }
    )->value;
}

TEST(SigV4Verify, AcceptsWhatTheSignerMade) {
    const Signed sent = sign_now();
    const auto verified = verify(sent.request(), std::span{&kKeys, 1}, kNow);
    ASSERT_TRUE(verified) << verified.error().text;
    EXPECT_EQ(verified->access_key_id, "AKID/WITH/SLASHES");
    EXPECT_EQ(verified->region, "us-east-1");
    EXPECT_EQ(verified->service, "dynamodb");
    EXPECT_EQ(code_of(sent, kNow + std::chrono::minutes{5}), "ok");
}

TEST(SigV4Verify, CoversWhatMattersForTheService) {
    Signed sent = sign_now();
    const auto verified = verify(sent.request(), std::span{&kKeys, 1}, kNow);
    ASSERT_TRUE(verified);
    EXPECT_TRUE(covers(*verified, sent.headers, "dynamodb"));
    EXPECT_FALSE(covers(*verified, sent.headers, "s3"));
    sent.headers.push_back({"X-Amz-User-Agent", "sdk"});
    sent.headers.push_back({"X-Amzn-Trace-Id", "Root=1"});
    EXPECT_TRUE(covers(*verified, sent.headers, "dynamodb"));
    sent.headers.push_back({"X-AMZ-Other", "1"});
    EXPECT_FALSE(covers(*verified, sent.headers, "dynamodb"));
}

TEST(SigV4Verify, RefusesAnythingChanged) {
    for (const std::string name : {"Host", "X-Amz-Target"}) {
        Signed sent = sign_now();
        value(sent, name) += "x";
        EXPECT_EQ(code_of(sent), "InvalidSignatureException") << name;
    }
    Signed body = sign_now();
    body.hash = sha256_hex("{ }");
    EXPECT_EQ(code_of(body), "InvalidSignatureException");
    Signed signature = sign_now();
    value(signature, "Authorization").back() ^= 1;
    EXPECT_EQ(code_of(signature), "InvalidSignatureException");
    Signed cut = sign_now();
    value(cut, "Authorization").pop_back();
    EXPECT_EQ(code_of(cut), "InvalidSignatureException");
}

TEST(SigV4Verify, NamesTheReasonAsDynamoDbDoes) {
    Signed no_authorization = sign_now();
    no_authorization.headers.pop_back();
    EXPECT_EQ(code_of(no_authorization), "MissingAuthenticationTokenException");

    Signed garbage = sign_now();
    value(garbage, "Authorization") = "AWS4-HMAC-SHA256 Credential=x";
    EXPECT_EQ(code_of(garbage), "IncompleteSignatureException");

    Signed other_token = sign_now();
    value(other_token, "X-Amz-Security-Token") = "other";
    EXPECT_EQ(code_of(other_token), "UnrecognizedClientException");

    const auto unknown = verify(sign_now().request(), {}, kNow);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, "UnrecognizedClientException");
    EXPECT_EQ(unknown.error().kind, ErrorKind::denied);
}

TEST(SigV4Verify, RefusesDatesOutsideFiveMinutes) {
    const Signed sent = sign_now();
    const auto late =
        verify(sent.request(), std::span{&kKeys, 1}, kNow + std::chrono::seconds{301});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, "InvalidSignatureException");
    EXPECT_EQ(
        late.error().text,
        "Signature expired: 20261123T130509Z is now earlier than 20261123T130510Z "
        "(20261123T131010Z - 5 min.)"
    );
    const auto early =
        verify(sent.request(), std::span{&kKeys, 1}, kNow - std::chrono::seconds{301});
    ASSERT_FALSE(early);
    EXPECT_TRUE(early.error().text.starts_with("Signature not yet current: "))
        << early.error().text;
}

TEST(SigV4Verify, RefusesAListThatLeavesTheHostOut) {
    Signed sent = sign_now();
    std::string& authorization = value(sent, "Authorization");
    const std::size_t at = authorization.find("host;");
    authorization.erase(at, 5);
    EXPECT_EQ(code_of(sent), "InvalidSignatureException");
}

TEST(SigV4Verify, ParsesOnlyWhatIsAnAuthorization) {
    EXPECT_FALSE(parse_authorization(""));
    EXPECT_FALSE(parse_authorization("Bearer x"));
    EXPECT_FALSE(parse_authorization("AWS4-HMAC-SHA256"));
    EXPECT_FALSE(
        parse_authorization("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x")
    );
    EXPECT_FALSE(parse_authorization(
        "AWS4-HMAC-SHA256 Credential=a/2026/r/s/aws4_request,SignedHeaders=h,Signature=x"
    ));
    const auto tight = parse_authorization(
        "AWS4-HMAC-SHA256 Credential=a/20260101/r/s/aws4_request,SignedHeaders=Host;x,Signature=y"
    );
    ASSERT_TRUE(tight);
    EXPECT_EQ(tight->signed_headers, (std::vector<std::string>{"host", "x"}));
}

}  // namespace
}  // namespace farshore::sigv4
