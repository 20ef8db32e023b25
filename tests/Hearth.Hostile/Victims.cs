using System.Globalization;

namespace Hearth.Hostile;

/// <summary>What is worth attacking: given on the command line by the test, which knows it.</summary>
/// <param name="Supervisor">The process id of the test, as the host counts.</param>
/// <param name="Neighbour">That of another jailed process.</param>
/// <param name="Port">A TCP port of the host's loopback where the test listens.</param>
/// <param name="AbstractName">An abstract Unix socket where it listens.</param>
/// <param name="SocketPath">One with a path.</param>
internal sealed record Victims(int Supervisor, int Neighbour, int Port, string AbstractName, string SocketPath)
{
    public static Victims Parse(ReadOnlySpan<string> arguments) =>
        new(Number(arguments[0]), Number(arguments[1]), Number(arguments[2]), arguments[3], arguments[4]);

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
