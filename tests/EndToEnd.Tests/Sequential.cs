using Xunit;

// Each world is a dozen processes: two at once are a test of their own, not an accident of scheduling.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
