using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Hearth.Guests.Debian;

namespace Hearth.Boot.Tests;

/// <summary>The guest's stock driver, vmw_vsock_virtio_transport, with programs of the host at the other end.</summary>
public sealed class VsockTests : IDisposable
{
    private const int SavedExitCode = 14;

    private readonly ScratchDirectory _scratch = new();

    private string SocketPath => _scratch["guest.vsock"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Guest_reachesAProgram_andEveryByteArrivesBothWays()
    {
        byte[] data = RandomNumberGenerator.GetBytes(8 << 20);
        string script = $$"""
            until vsock connect 52 'echo hello'; do sleep 0.2; done
            until vsock connect 53 'sha256sum > /tmp/sum'; do sleep 0.2; done
            echo "sum=$(cut -c 1-64 /tmp/sum)"
            head -c 8388608 /dev/urandom > /tmp/random
            echo "sent=$(sha256sum /tmp/random | cut -c 1-64)"
            until vsock connect 54 'cat /tmp/random'; do sleep 0.2; done
            """;
        using HearthProcess process = HearthProcess.Start(Arguments(script));
        string hello = Encoding.UTF8.GetString(ReadAll(Listen(process, 52)));
        using (Socket sender = Listen(process, 53))
            SendAll(sender, data);
        byte[] received = ReadAll(Listen(process, 54));
        HearthOutcome outcome = process.WaitForExit().AssertPoweredOff();

        Assert.Equal("hello\n", hello);
        Assert.Equal(Sum(data), outcome.Value("sum"));
        Assert.Equal(outcome.Value("sent"), Sum(received));
        Assert.False(File.Exists(SocketPath), "the socket was left behind");
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Program_reachesTheGuest_overManyConnectionsAtOnce()
    {
        const string Script = """
            for port in 1001 1002 1003 1004; do
                (while true; do vsock listen $port 'sha256sum'; done) &
            done
            vsock listen 2000 'read line; echo "$line"'
            sleep 1
            """;
        byte[][] data = [.. Enumerable.Range(0, 4).Select(i => RandomNumberGenerator.GetBytes(1 << 20))];
        using HearthProcess process = HearthProcess.Start(Arguments(Script));
        string[] sums = new string[data.Length];
        Parallel.For(0, data.Length, i =>
        {
            using Socket program = Connect(process, 1001 + i);
            SendAll(program, data[i]);
            sums[i] = Encoding.UTF8.GetString(ReadAll(program))[..64];
        });

        using Socket last = Connect(process, 2000);
        SendAll(last, "the end\n"u8.ToArray());
        string answer = Encoding.UTF8.GetString(ReadAll(last));
        process.WaitForExit().AssertPoweredOff();

        Assert.Equal(data.Select(Sum), sums);
        Assert.Equal("the end\n", answer);
    }

    [Fact]
    public void Guest_thatAsksForNobody_isRefused()
    {
        const string ConnectionReset = "104";
        using HearthProcess process = HearthProcess.Start(Arguments("vsock connect 99 'echo never'; echo \"error=$?\""));

        HearthOutcome outcome = process.WaitForExit().AssertPoweredOff();

        Assert.Equal(ConnectionReset, outcome.Value("error"));
    }

    /// <summary>Connections end with a restore, on both sides; what listens in the guest goes on.</summary>
    [Fact]
    public void Guest_restoredWithAConnection_isToldAndGoesOn()
    {
        string script = $"""
            until vsock connect 52 'echo joined; cat > /tmp/got; echo "ended=$?" > /dev/console'; do sleep 0.2; done &
            vsock listen 1001 'echo alive' &
            {ChecksumChain.Script()}
            sleep 2
            wait
            """;
        string file = _scratch["saved"];
        string[] arguments = Arguments(script);
        using HearthProcess process = HearthProcess.Start([.. arguments, "--save", file]);
        using Socket program = Listen(process, 52);
        program.Receive(new byte["joined\n".Length]);
        process.WaitForText("round 3 on 0");
        process.Save();
        HearthOutcome saved = process.WaitForExit();
        byte[] rest = ReadAll(program);

        using HearthProcess again = HearthProcess.Start([.. arguments, "--restore", file]);
        again.WaitForText("ended=");
        using Socket other = Connect(again, 1001);
        string answer = Encoding.UTF8.GetString(ReadAll(other));
        HearthOutcome restored = again.WaitForExit().AssertPoweredOff();

        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.Empty(rest);
        Assert.Equal("alive\n", answer);
        Assert.Equal(ChecksumChain.Sum(), restored.Value("sums"));
        Assert.Empty(BrokenHardware.FindIn(restored));
    }

    [Fact]
    public void Socket_thatIsTaken_isLeftAloneAndNamed()
    {
        File.WriteAllText(SocketPath, "something else");

        HearthOutcome outcome = HearthProcess.Run(["vm", "run", "--kernel", "/dev/null", "--vsock", $"3:{SocketPath}"]);

        Assert.Equal((2, $"hearth: --vsock: {SocketPath}: Address already in use."), (outcome.ExitCode, outcome.Error.Trim()));
        Assert.Equal("something else", File.ReadAllText(SocketPath));
    }

    private string[] Arguments(string script)
    {
        KernelPackage package = GuestAssets.FetchKernel(GuestAssets.CloudKernel);
        byte[] initramfs = GuestAssets.Initramfs(GuestAssets.CloudKernel, script)
            .AddModules(package, "virtio_pci", "vmw_vsock_virtio_transport")
            .AddFile("bin/vsock", VsockProgram.Build(), executable: true)
            .Build();
        return
        [
            "vm", "run", .. TestEngine.Arguments, "--memory", "512M", "--cpus", "2", "--serial", "stdio", "--no-reboot", "--vsock", $"42:{SocketPath}",
            "--kernel", package.Image, "--initrd", _scratch.Write("initrd.img", initramfs), "--append", TestGuest.CommandLine,
        ];
    }

    /// <summary>Waits for the guest at a port of the host, until it came.</summary>
    private Socket Listen(HearthProcess process, int port)
    {
        Socket socket = Dial(process, $"LISTEN {port}\n");
        Assert.Equal($"LISTENING {port}", ReadLine(socket));
        Assert.StartsWith("OK ", ReadLine(socket), StringComparison.Ordinal);
        return socket;
    }

    /// <summary>Reaches a port of the guest, as soon as somebody listens there.</summary>
    private Socket Connect(HearthProcess process, int port)
    {
        long end = Environment.TickCount64 + (long)HearthProcess.Patience.TotalMilliseconds;
        while (Environment.TickCount64 < end)
        {
            Socket socket = Dial(process, $"CONNECT {port}\n");
            if (ReadLine(socket).StartsWith("OK ", StringComparison.Ordinal))
                return socket;
            socket.Dispose();
            Thread.Sleep(100);
        }

        throw new TimeoutException($"the guest never listened at {port}");
    }

    private Socket Dial(HearthProcess process, string line)
    {
        process.WaitUntil(() => File.Exists(SocketPath), "there is no socket");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)HearthProcess.Patience.TotalMilliseconds };
        process.WaitUntil(() => TryConnect(socket), "nobody listens at the socket");
        socket.Send(Encoding.UTF8.GetBytes(line));
        return socket;
    }

    private bool TryConnect(Socket socket)
    {
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static void SendAll(Socket socket, byte[] data)
    {
        for (int sent = 0; sent < data.Length;)
            sent += socket.Send(data.AsSpan(sent));
        socket.Shutdown(SocketShutdown.Send);
    }

    private static byte[] ReadAll(Socket socket)
    {
        using var all = new MemoryStream();
        byte[] part = new byte[65536];
        while (socket.Receive(part) is > 0 and int count)
            all.Write(part, 0, count);
        return all.ToArray();
    }

    private static string ReadLine(Socket socket)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (socket.Receive(one) == 1 && one[0] != '\n')
            line.Append((char)one[0]);
        return line.ToString();
    }

    private static string Sum(byte[] data) => Convert.ToHexStringLower(SHA256.HashData(data));
}
