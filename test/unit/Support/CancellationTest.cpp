#include "wafer/Support/Cancellation.h"

#include <gtest/gtest.h>

#include <thread>

using namespace wafer;

TEST(Cancellation, WithoutAScopeNothingIsCancelled) { EXPECT_FALSE(isCancelled()); }

TEST(Cancellation, WhatWasOnceSaidStays) {
  bool wanted = true;
  int asked = 0;
  CancellationScope scope([&] {
    ++asked;
    return !wanted;
  });
  EXPECT_FALSE(isCancelled());
  wanted = false;
  EXPECT_TRUE(isCancelled());
  wanted = true;
  EXPECT_TRUE(isCancelled());
  EXPECT_EQ(asked, 2);
}

TEST(Cancellation, ScopesNest) {
  CancellationScope outer([] { return true; });
  {
    CancellationScope inner(nullptr);
    EXPECT_FALSE(isCancelled());
  }
  EXPECT_TRUE(isCancelled());
}

TEST(Cancellation, HoldsForThreadsThatJoin) {
  CancellationScope scope([] { return true; });
  bool alone = true, joined = false;
  std::thread([&, current = CancellationScope::current()] {
    alone = isCancelled();
    CancellationScope::Join join(current);
    joined = isCancelled();
  }).join();
  EXPECT_FALSE(alone);
  EXPECT_TRUE(joined);
}
