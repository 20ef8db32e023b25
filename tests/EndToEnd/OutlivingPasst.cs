using System.Diagnostics;
using System.Text.Json.Nodes;
using Hearth.Guests;
using Hearth.Guests.Debian;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>
/// A passt of this host that guests come to by its socket and leave again, those of the proving ground by a port of virtio-serial: passt serves one at a
/// time and keeps its connections meanwhile.
/// </summary>
internal sealed class OutlivingPasst : IDisposable
{
    private const string Port = "hearth-passt";

    // Both ends as they come: a frame's length may arrive in one piece and the frame in another.
    private const string Bridge = """
        use IO::Select; use IO::Socket::UNIX;
        my ($device, $socket) = @ARGV;
        open(my $port, '+<:raw', $device) or die "$device: $!";
        my $guest = IO::Socket::UNIX->new(Local => $socket, Listen => 1)->accept;
        my $both = IO::Select->new($port, $guest);
        while (1) {
            for my $from ($both->can_read) {
                sysread($from, my $data, 65536) or exit;
                my $to = $from == $port ? $guest : $port;
                for (my $done = 0; $done < length $data;) { $done += syswrite($to, $data, length($data) - $done, $done) // exit }
            }
        }
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hearth-passt-");
    private readonly Process _process;

    public OutlivingPasst()
    {
        string program = HostCommand.Find("passt") ?? PackageCache.Default().Fetch("passt").File("usr/bin/passt");

        // Otherwise passt becomes nobody, who cannot put a socket into this folder.
        string[] user = Environment.IsPrivilegedProcess ? ["--runas", "0"] : [];
        _process = Process.Start(new ProcessStartInfo(program, ["--foreground", "--quiet", "--log-file", Path.Combine(_directory.FullName, "log"), "--socket", Socket, .. user]))!;
        SpinWait.SpinUntil(() => File.Exists(Socket) || _process.HasExited, GroundFixture.Patience);
        Assert.True(File.Exists(Socket), "passt does not start");
    }

    public string Socket => Path.Combine(_directory.FullName, "passt.socket");

    /// <summary>Lets one guest of the proving ground reach it by a socket there.</summary>
    /// <returns>The socket's path inside.</returns>
    public string Lend(ProvingGround ground)
    {
        string socket = $"/run/{Port}.socket";
        ground.Qmp.Execute("chardev-add", new JsonObject
        {
            ["id"] = Port,
            ["backend"] = new JsonObject
            {
                ["type"] = "socket",
                ["data"] = new JsonObject
                {
                    ["server"] = false,
                    ["addr"] = new JsonObject { ["type"] = "unix", ["data"] = new JsonObject { ["path"] = Socket } },
                },
            },
        });
        ground.Qmp.AddDevice("virtserialport", Port, new JsonObject { ["chardev"] = Port, ["name"] = Port });
        string script = Path.Combine(ground.SharedDirectory, "bridge.pl");
        File.WriteAllText(script, Bridge);
        ground.StartCommand($$"""
            rm -f {{socket}}
            until port=$(grep -lx {{Port}} /sys/class/virtio-ports/*/name 2> /dev/null); do sleep 0.1; done
            port=${port%/name}
            perl {{ShellWord.Quote(script)}} /dev/${port##*/} {{socket}}
            """);
        ground.WaitUntil(() => ground.Run($"test -S {socket}", GroundFixture.Patience).ExitCode == 0, GroundFixture.Patience, "the bridge to passt");
        return socket;
    }

    /// <summary>Takes it back, for the next guest.</summary>
    public static void TakeBack(ProvingGround ground)
    {
        ground.Qmp.RemoveDevice(Port);
        ground.Qmp.Execute("chardev-remove", new JsonObject { ["id"] = Port });
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }
}
