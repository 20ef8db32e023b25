namespace Hearth.Supervisor.Tests.Soak;

/// <summary>What happens to a house.</summary>
internal enum Blow
{
    /// <summary>Its daemon is killed; guests run on.</summary>
    Daemon,

    /// <summary>All its processes are killed.</summary>
    Tree,

    /// <summary>All its processes are gone, and so is what was not on stable storage.</summary>
    Power,
}
