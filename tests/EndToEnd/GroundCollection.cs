namespace Hearth.EndToEnd.Tests;

/// <summary>Tests of this collection share one proving ground and run one after the other.</summary>
[CollectionDefinition]
public sealed class GroundCollection : ICollectionFixture<GroundFixture>;
