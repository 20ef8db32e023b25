using Hearth.Running;
using Hearth.Store;

namespace Hearth.Api;

/// <summary>What whoever runs the guests is given.</summary>
/// <param name="Home">The home folder.</param>
/// <param name="Share">What this process gets of the processors.</param>
/// <param name="Log">Takes sentences, without a full stop, about what failed without anybody having asked for it.</param>
internal sealed record DaemonContext(HouseStore Store, string Home, TimeProvider Clock, OwnShare Share, Action<string> Log);
