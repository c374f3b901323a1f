#include "core/failover/joining.h"

#include <gtest/gtest.h>

namespace farshore::core {
namespace {

JoinRequest by_token() {
    JoinRequest request;
    request.host = HostId{"i-0abc"};
    request.region = RegionId{"us-east-1"};
    request.by = "join token asg";
    return request;
}

JoinRequest by_role() {
    JoinRequest request = by_token();
    request.by = "arn:aws:iam::123456789012:role/shop-host";
    request.proves_itself = true;
    return request;
}

Vouching held_by(const JoinRequest& request) {
    return {.by = request.by, .configured = false, .proves_itself = request.proves_itself};
}

TEST(Joining, AFreeNameIsTaken) {
    EXPECT_EQ(why_not_join(by_token(), {}), std::nullopt);
    EXPECT_EQ(why_not_join(by_role(), {}), std::nullopt);
}

TEST(Joining, ANameThatHasACredentialIsRefused) {
    JoinSituation taken;
    taken.held = held_by(by_token());
    EXPECT_EQ(why_not_join(by_token(), taken), JoinRefusal::name_taken) << "of the same token";
    EXPECT_EQ(why_not_join(by_role(), taken), JoinRefusal::name_taken) << "of another kind";
    taken.held = Vouching{.by = by_role().by, .configured = true, .proves_itself = true};
    EXPECT_EQ(why_not_join(by_role(), taken), JoinRefusal::name_taken) << "the tokens file's";
    EXPECT_NE(
        in_words(JoinRefusal::name_taken, by_role(), taken).find("farshore agents revoke i-0abc"),
        std::string::npos
    );
}

TEST(Joining, AnAnswerThatWasLostIsGivenAgain) {
    JoinSituation mine;
    mine.held = held_by(by_token());
    mine.held->same = true;
    mine.waiting = mine.waiting_max;
    EXPECT_EQ(why_not_join(by_token(), mine), std::nullopt);
}

TEST(Joining, AnIdentityThatTheHostCannotChooseReplacesACredentialThatItLost) {
    JoinSituation lost;
    lost.held = held_by(by_role());
    EXPECT_EQ(why_not_join(by_role(), lost), std::nullopt);
    lost.lives = true;
    EXPECT_EQ(why_not_join(by_role(), lost), JoinRefusal::host_lives);
    lost.lives = false;
    JoinRequest other = by_role();
    other.by = "arn:aws:iam::123456789012:role/another";
    EXPECT_EQ(why_not_join(other, lost), JoinRefusal::name_taken);
}

TEST(Joining, AHostThatLivesWithoutACredentialKeepsItsName) {
    JoinSituation lives;
    lives.lives = true;
    EXPECT_EQ(why_not_join(by_token(), lives), JoinRefusal::host_lives);
}

TEST(Joining, TheProofsBoundsHold) {
    JoinRequest request = by_token();
    request.hosts = "web-*";
    EXPECT_EQ(why_not_join(request, {}), JoinRefusal::name_not_allowed);
    request = by_token();
    request.proven_region = RegionId{"eu-west-1"};
    EXPECT_EQ(why_not_join(request, {}), JoinRefusal::other_region);
    JoinSituation mars;
    mars.region_is_known = false;
    EXPECT_EQ(why_not_join(by_token(), mars), JoinRefusal::other_region);
    JoinSituation closed;
    closed.register_names = false;
    EXPECT_EQ(why_not_join(by_token(), closed), JoinRefusal::not_listed);
    JoinSituation full;
    full.hosts = full.hosts_max;
    EXPECT_EQ(why_not_join(by_token(), full), JoinRefusal::too_many);
    JoinSituation waiting;
    waiting.waiting = waiting.waiting_max;
    EXPECT_EQ(why_not_join(by_token(), waiting), JoinRefusal::too_many);
}

TEST(Joining, NamesThatCouldBecomePathsAreRefused) {
    for (const char* name : {"", ".", "../x", "a/b", "a b", "a?b", "a=b,c", "-rf", "a\nb"}) {
        JoinRequest request = by_token();
        request.host = HostId{name};
        EXPECT_EQ(why_not_join(request, {}), JoinRefusal::name_malformed) << name;
    }
    EXPECT_TRUE(is_host_name("ip-10-0-1-2.ec2.internal"));
    EXPECT_TRUE(is_host_name(std::string(128, 'a')));
    EXPECT_FALSE(is_host_name(std::string(129, 'a')));
}

TEST(Joining, APatternIsWhatItLooksLike) {
    EXPECT_TRUE(matches("*", ""));
    EXPECT_TRUE(matches("i-*", "i-0abc"));
    EXPECT_TRUE(matches("*-web-*", "use1-web-1"));
    EXPECT_TRUE(matches("a*b*c", "a-b-b-c"));
    EXPECT_FALSE(matches("a*b*c", "a-b-b"));
    EXPECT_FALSE(matches("i-*", "j-0abc"));
    EXPECT_FALSE(matches("web", "web-1"));
    EXPECT_FALSE(matches("", "web"));
    EXPECT_FALSE(matches(std::string(64, '*') + "x", std::string(100'000, 'a')));
}

TEST(Joining, ATokenIsGoodForSoManyHostsUntilItsEnd) {
    const UtcTime now = utc_from_ms(1'700'000'000'000);
    const UtcTime later = now + std::chrono::hours{1};
    EXPECT_EQ(worth_of(JoinTokenTerm{.until = later, .uses_max = 2, .uses = 1}, now), Worth::good);
    EXPECT_EQ(
        worth_of(JoinTokenTerm{.until = later, .uses_max = 1, .uses = 1}, now), Worth::used_up
    );
    EXPECT_EQ(worth_of(JoinTokenTerm{.until = now, .uses_max = 1, .uses = 1}, now), Worth::run_out)
        << "its end is told first";
    EXPECT_EQ(join_tokens_forgotten_until(now, true), now - std::chrono::hours{24});
    EXPECT_EQ(join_tokens_forgotten_until(now, false), now) << "a new one needs the room";
}

TEST(Joining, ACredentialCountsUntilItsEndOrUntilAnOperatorEndsIt) {
    const UtcTime now = utc_from_ms(1'700'000'000'000);
    EXPECT_EQ(worth_of(CredentialTerm{}, now), Worth::good);
    EXPECT_EQ(
        worth_of(CredentialTerm{.until = now + std::chrono::milliseconds{1}}, now), Worth::good
    );
    EXPECT_EQ(worth_of(CredentialTerm{.until = now}, now), Worth::run_out);
    EXPECT_EQ(
        worth_of(CredentialTerm{.ended = true, .until = now + std::chrono::hours{1}}, now),
        Worth::ended
    );
    EXPECT_EQ(worth_of(CredentialTerm{.ended = true, .until = now}, now), Worth::ended);
}

}  // namespace
}  // namespace farshore::core
