using Hearth.Api.Messages;
using Hearth.Protocol;

namespace Hearth.Api;

/// <summary>What the daemon answered to what cannot be done.</summary>
internal sealed class ApiException(Problem problem) : Exception(problem.Detail)
{
    private const int FirstOfServer = 500;

    public Problem Problem { get; } = problem;

    /// <summary>Of the command that asked for it: the person's part, or the host's.</summary>
    public int ExitCode => Problem.Status < FirstOfServer ? Protocol.ExitCode.Configuration : Protocol.ExitCode.HostFault;
}
